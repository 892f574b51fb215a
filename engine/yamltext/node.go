package yamltext

import "gopkg.in/yaml.v3"

// Node is a node of a document, with its line and column. This package is the only
// one that imports the parser: another parser is one package away.
type Node = yaml.Node

// Kind says what a node is.
type Kind = yaml.Kind

// The kinds of a [Node].
const (
	DocumentNode = yaml.DocumentNode
	SequenceNode = yaml.SequenceNode
	MappingNode  = yaml.MappingNode
	ScalarNode   = yaml.ScalarNode
	AliasNode    = yaml.AliasNode
)

// Style says how a node is written; its bits can stand together.
type Style = yaml.Style

// The styles of a [Node].
const (
	TaggedStyle       = yaml.TaggedStyle
	DoubleQuotedStyle = yaml.DoubleQuotedStyle
	SingleQuotedStyle = yaml.SingleQuotedStyle
	LiteralStyle      = yaml.LiteralStyle
	FoldedStyle       = yaml.FoldedStyle
	FlowStyle         = yaml.FlowStyle
)
