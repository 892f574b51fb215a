package stdlib

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
)

// parsedCost is an upper bound of what parsing a text allocates: so much for a
// byte, for each sign with which a value can begin, and for each that can begin
// an object.
func parsedCost(s string, byByte, byValue, byObject int) int {
	cost := byByte * len(s)
	for i := range len(s) {
		switch s[i] {
		case '{':
			cost += byObject
		case '[', ',', ':', '\n', '-', '?':
			cost += byValue
		}
	}
	return cost
}

func runFromJSON(by *Caller, args []any) (any, error) {
	s := args[0].(string)
	if err := by.Spend(parsedCost(s, 6, 208, 400)); err != nil {
		return nil, err
	}
	v, err := types.Read([]byte(s))
	if errors.Is(err, types.ErrDeep) {
		return nil, badArgument("from_json: the text is %v", err)
	}
	if err != nil {
		return nil, badArgument("from_json: %v", err)
	}
	return v, nil
}

func runFromYAML(by *Caller, args []any) (any, error) {
	s := args[0].(string)
	if err := by.Spend(parsedCost(s, 24, 800, 800)); err != nil {
		return nil, err
	}
	n, err := yamlDocument(s)
	if err != nil {
		return nil, badArgument("from_yaml: %v", err)
	}
	if n == nil {
		return nil, badArgument("from_yaml: the text is empty")
	}
	v, err := yamlValue(n, types.MaxRead)
	if err != nil {
		return nil, badArgument("from_yaml: %v", err)
	}
	return v, nil
}

func yamlDocument(s string) (n *yamltext.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // a mistake of the parser
			n, err = nil, errors.New("this YAML cannot be read")
		}
	}()
	d := yamltext.NewDecoder(s)
	var first, second yamltext.Node
	if err := d.Decode(&first); err != nil && err != io.EOF {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&second); err != io.EOF {
		return nil, errors.New("there is more than one document")
	}
	if len(first.Content) == 0 {
		return nil, nil
	}
	return first.Content[0], nil
}

func yamlValue(n *yamltext.Node, depth int) (any, error) {
	switch {
	case n.Kind == yamltext.AliasNode || n.Anchor != "":
		return nil, lineError(n, "anchors and aliases are not read")
	case n.Kind == yamltext.ScalarNode:
		return yamlScalar(n)
	case depth == 0:
		return nil, lineError(n, "the text is nested deeper than "+strconv.Itoa(types.MaxRead))
	case n.Style&yamltext.TaggedStyle != 0:
		return nil, lineError(n, "the tag "+n.Tag+" is not read")
	case n.Kind == yamltext.SequenceNode:
		out := make([]any, len(n.Content))
		for i, e := range n.Content {
			v, err := yamlValue(e, depth-1)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yamltext.ScalarNode || key.ShortTag() == "!!merge" || key.Anchor != "" {
			return nil, lineError(key, "a name has to be plain text")
		}
		if _, twice := out[key.Value]; twice {
			return nil, lineError(key, "the name "+types.Clip(key.Value)+" is given twice")
		}
		v, err := yamlValue(n.Content[i+1], depth-1)
		if err != nil {
			return nil, err
		}
		out[key.Value] = v
	}
	return out, nil
}

func lineError(n *yamltext.Node, why string) error {
	return errors.New("line " + strconv.Itoa(n.Line) + ": " + why)
}

func yamlScalar(n *yamltext.Node) (any, error) {
	if n.Style&yamltext.TaggedStyle != 0 {
		return nil, lineError(n, "the tag "+n.Tag+" is not read")
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int", "!!float":
		return yamlNumber(n), nil
	case "!!str", "!!timestamp":
		return n.Value, nil
	}
	return nil, lineError(n, "the tag "+n.Tag+" is not read")
}

// yamlNumber reads a number. One that no value can hold, or that has no
// number in JSON (.inf, .nan), is the text that stands there, as of yaml_get:
// what is all digits and fits no integer is likely a commit or an id.
func yamlNumber(n *yamltext.Node) any {
	if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
		return int(i)
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.Trim(n.Value, "+-0123456789_") == "" {
		return n.Value
	}
	return f + 0 // -0 is 0
}
