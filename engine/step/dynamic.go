package step

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Definition is a step type whose types are data, such as one that a file
// declares. [Read], [Local] and [Write] read them from Go structs instead.
type Definition struct {
	Name   string // snake_case
	Doc    string // a sentence
	Effect Effect
	In     types.Type // an object; every field has a doc
	Out    types.Type // an object; a field that is not required is optional for who reads it
	Codes  []types.Code
	Touch  Touch
	File   string     // the one that declares it, or ""
	Config types.Type // what it reads of the configuration
}

// Ability is an [Option] of a step that takes and gives JSON as it is.
type Ability = Option[json.RawMessage, json.RawMessage]

// Dynamic declares a step from data. do gets the arguments as the machine has
// checked them against In; what it returns is checked against Out, because no struct
// does: a result that does not fit is an internal error, with the member. The
// error says what is wrong with the definition: it is not a bug of the program
// but a mistake in someone's file.
//
//	step.Dynamic(def, answer, step.Find(look), step.Preview(predict))
func Dynamic(d Definition, do Func[json.RawMessage, json.RawMessage], abilities ...Ability) (Step, error) {
	if err := d.check(); err != nil {
		return Step{}, err
	}
	s := Step{Name: d.Name, Doc: d.Doc, Effect: d.Effect, In: d.In, Out: d.Out.Result(), Codes: d.Codes, Touch: d.Touch, File: d.File, Config: d.Config}
	for _, a := range abilities {
		a.apply(&s)
	}
	s.do = func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, err
		}
		if v, err := types.Decode(out); err != nil {
			return nil, types.Errorf(types.Internal, "the result of %s is not JSON: %w", d.Name, err)
		} else if err := s.Out.Check(v); err != nil {
			return nil, types.Errorf(types.Internal, "the result of %s does not fit its type: %w", d.Name, err)
		}
		return out, nil
	}
	return s, nil
}

func (d Definition) check() error {
	switch {
	case !namePattern().MatchString(d.Name):
		return fmt.Errorf("name %q is not lower-case letters, digits and _, beginning with a letter", d.Name)
	case !strings.HasSuffix(d.Doc, "."):
		return fmt.Errorf("doc of %s is not a sentence that ends in a full stop", d.Name)
	case d.Effect != Reads && d.Effect != Locals && d.Effect != Writes:
		return fmt.Errorf("effect of %s is %q, not one of %s, %s, %s", d.Name, d.Effect, Reads, Locals, Writes)
	case d.In.Kind != types.Object || d.Out.Kind != types.Object:
		return fmt.Errorf("arguments and result of %s are objects", d.Name)
	}
	for _, f := range d.In.Fields {
		if f.Doc == "" {
			return fmt.Errorf("argument %s of %s needs a doc", f.Name, d.Name)
		}
	}
	return nil
}
