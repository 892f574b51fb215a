package yamlfile

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// origin is where a node of a view comes from.
type origin struct {
	node *yamltext.Node // in the tree as parsed
	doc  int            // counted from 1
	via  string         // "", or what brings the value to this place
	// shared is the nearest node around it, or itself, that has an anchor to
	// which something refers; user is the line where that is.
	shared *yamltext.Node
	user   int
}

const (
	viaAlias = "an alias"
	viaMerge = "a merge key (<<)"
)

// viewer builds, for every document, a tree that is as a program would load
// it. The budget is for all documents together.
type viewer struct {
	origins map[*yamltext.Node]origin
	doc     int
	nodes   int
	depth   int
	open    map[*yamltext.Node]bool // anchors being resolved: one inside itself never ends
	users   map[*yamltext.Node]int  // nodes that something refers to, and the first line that does
	shared  *yamltext.Node          // the nearest of those around
}

func views(docs []*yamltext.Node) ([]*yamltext.Node, map[*yamltext.Node]origin, error) {
	v := &viewer{origins: map[*yamltext.Node]origin{}, open: map[*yamltext.Node]bool{}, users: map[*yamltext.Node]int{}}
	for _, doc := range docs {
		v.refer(doc)
	}
	roots := make([]*yamltext.Node, 0, len(docs))
	for i, doc := range docs {
		v.doc = i + 1
		for _, root := range doc.Content {
			c, err := v.copy(root, "")
			if err != nil {
				return nil, nil, err
			}
			roots = append(roots, c)
		}
	}
	return roots, v.origins, nil
}

// refer notes what the aliases below a node stand for.
func (v *viewer) refer(n *yamltext.Node) {
	if n.Kind == yamltext.AliasNode && v.users[n.Alias] == 0 {
		v.users[n.Alias] = n.Line
	}
	for _, c := range n.Content {
		v.refer(c)
	}
}

func (v *viewer) copy(src *yamltext.Node, via string) (*yamltext.Node, error) {
	if v.nodes++; v.nodes > maxNodes {
		return nil, types.Errorf(types.BadInput, "the YAML holds more than %d values", maxNodes).
			WithHint("aliases count as often as they are used")
	}
	if v.depth++; v.depth > maxDepth {
		return nil, types.Errorf(types.BadInput, "line %d: the YAML is nested more than %d deep", src.Line, maxDepth).
			WithHint("flatten the file there")
	}
	defer func() { v.depth-- }()
	if src.Kind == yamltext.AliasNode {
		return v.alias(src, via)
	}
	if v.users[src] > 0 {
		defer func(outer *yamltext.Node) { v.shared = outer }(v.shared)
		v.shared = src
	}
	out := &yamltext.Node{Kind: src.Kind, Tag: src.ShortTag()}
	v.origins[out] = origin{src, v.doc, via, v.shared, v.users[v.shared]}
	switch src.Kind {
	case yamltext.ScalarNode:
		out.Tag, out.Value = typed(src).forPath()
		return out, nil
	case yamltext.MappingNode:
		return out, v.mapping(src, out, via)
	}
	for _, child := range src.Content {
		c, err := v.copy(child, via)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, c)
	}
	return out, nil
}

func (v *viewer) alias(src *yamltext.Node, via string) (*yamltext.Node, error) {
	if v.open[src.Alias] {
		return nil, types.Errorf(types.BadInput, "line %d: *%s is inside its own anchor", src.Line, src.Value).
			WithHint("write the value instead of the alias")
	}
	v.open[src.Alias] = true
	defer delete(v.open, src.Alias)
	return v.copy(src.Alias, cmp.Or(via, viaAlias))
}

// mapping copies the pairs of src, and after them what its merge keys bring.
// Keys that are no scalars are left out: no JSONPath can name them.
func (v *viewer) mapping(src, out *yamltext.Node, via string) error {
	seen := map[string]int{}
	var merges []*yamltext.Node
	for i := 0; i+1 < len(src.Content); i += 2 {
		key, value := src.Content[i], src.Content[i+1]
		if key.ShortTag() == "!!merge" {
			merges = append(merges, value)
			continue
		}
		name, ok := keyName(key)
		if !ok {
			continue
		}
		if line, twice := seen[name]; twice {
			return types.Errorf(types.BadInput, "line %d: the key %q is there twice, first on line %d", key.Line, name, line).
				WithHint("keep one of the two: programs do not agree on which one counts")
		}
		seen[name] = key.Line
		c, err := v.copy(value, via)
		if err != nil {
			return err
		}
		out.Content = append(out.Content, &yamltext.Node{Kind: yamltext.ScalarNode, Tag: "!!str", Value: name}, c)
	}
	for _, m := range merges {
		if err := v.merge(m, out, seen); err != nil {
			return err
		}
	}
	return nil
}

func keyName(key *yamltext.Node) (string, bool) {
	if key.Kind == yamltext.AliasNode {
		key = key.Alias
	}
	return key.Value, key.Kind == yamltext.ScalarNode
}

// merge adds the pairs of a merge key's value to out, those not there yet.
func (v *viewer) merge(m, out *yamltext.Node, seen map[string]int) error {
	from, err := v.copy(m, viaMerge)
	if err != nil {
		return err
	}
	sources := []*yamltext.Node{from}
	if from.Kind == yamltext.SequenceNode {
		sources = from.Content
	}
	for _, s := range sources {
		if s.Kind != yamltext.MappingNode {
			return types.Errorf(types.BadInput, "line %d: << merges something that is not a mapping", m.Line).
				WithHint("let << name an anchor of a mapping, or a list of such")
		}
		for i := 0; i+1 < len(s.Content); i += 2 {
			if name := s.Content[i].Value; seen[name] == 0 {
				seen[name] = m.Line
				out.Content = append(out.Content, s.Content[i], s.Content[i+1])
			}
		}
	}
	return nil
}

// plainValue returns what a node of a view stands for, as a plain Go value.
func plainValue(n *yamltext.Node, origins map[*yamltext.Node]origin) any {
	switch n.Kind {
	case yamltext.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = plainValue(c, origins)
		}
		return list
	case yamltext.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plainValue(n.Content[i+1], origins)
		}
		return m
	}
	return typed(origins[n].node).value
}

// kindName says what a node is, in the words of the skill language.
func kindName(n *yamltext.Node, origins map[*yamltext.Node]origin) string {
	switch n.Kind {
	case yamltext.SequenceNode:
		return "list"
	case yamltext.MappingNode:
		return "object"
	}
	return map[string]string{
		"!!str": "string", "!!int": "integer", "!!float": "number", "!!bool": "boolean", "!!null": "null",
	}[typed(origins[n].node).tag]
}
