package format

import "github.com/skillrun/skillrun/engine/lang/syntax"

// Rewrite is what Source does without looking whether the text still says the same.
func Rewrite(root *syntax.Node, text []byte) (string, bool) { return rewrite(root, unix(text)) }

// Comments are the comments of a text.
func Comments(root *syntax.Node, text []byte) []string { return comments(root, unix(text)) }

// Same reports whether two trees hold the same values.
func Same(a, b *syntax.Node) bool { return same(a, b) }
