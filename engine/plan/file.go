package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// errNone is a text that is no plan of this version.
var errNone = errors.New("not a plan")

// Sealed returns the plan with the seal that [Decode] wants of it.
func (p Plan) Sealed() Plan {
	p.Seal = ""
	tree, err := types.Decode(types.Encode(p))
	if err != nil {
		panic("unreachable: a plan is made of our values: " + err.Error())
	}
	p.Seal = sealOf(tree.(map[string]any))
	return p
}

// sealOf is the digest of all of a plan but its seal, however it is spelt.
func sealOf(plan map[string]any) string {
	delete(plan, "seal")
	return digest(plan)
}

// Decode reads a plan that was kept as JSON. It refuses one that is not as it was
// made: not one member of it may be changed, removed or added.
func Decode(text []byte) (Plan, error) {
	p, err := decode(text)
	switch {
	case errors.Is(err, errNone):
		return Plan{}, types.Errorf(types.BadInput, "this is not a plan that this skillrun can read").
			WithHint("make one with skillrun plan SKILL --out FILE")
	case err != nil:
		return Plan{}, types.Errorf(types.BadInput, "the plan was changed after it was made: %w", err).
			WithHint("plan again")
	case p.Failure != nil:
		return Plan{}, types.Errorf(types.BadInput, "the plan stops with an error: %s", p.Failure.Error.Message).
			WithHint("fix that, and plan again")
	}
	return p, nil
}

func decode(text []byte) (p Plan, err error) {
	value, err := types.Decode(text)
	tree, ok := value.(map[string]any)
	if err != nil || !ok || tree["version"] != Version {
		return p, errNone
	}
	seal, _ := tree["seal"].(string)
	if seal == "" || seal != sealOf(tree) {
		return p, errors.New("its seal does not match")
	}
	if err := unique(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return p, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, err
	}
	return p, p.consistent()
}

// unique refuses an object that has a member twice, of which one reader takes
// the first and another one the last. The text is JSON.
func unique(d *json.Decoder) error {
	var seen []map[string]bool // of the objects around; nil is a list
	name := false              // the next token names a member
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'):
			seen, name = append(seen, map[string]bool{}), true
			continue
		case json.Delim('['):
			seen, name = append(seen, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			seen = seen[:len(seen)-1]
		default:
			if key, ok := token.(string); ok && name {
				if seen[len(seen)-1][key] {
					return errors.New("the member " + types.Show(key) + " is in it twice")
				}
				seen[len(seen)-1][key], name = true, false
				continue
			}
		}
		name = len(seen) > 0 && seen[len(seen)-1] != nil
	}
}

// consistent checks what follows from other parts of a plan against them, so
// that also a plan with a seal of someone's own shows what it does.
func (p Plan) consistent() error {
	var prog program.Program
	switch {
	case json.Unmarshal(p.Run.Program, &prog) != nil, prog.Digest() != p.Run.ProgramDigest:
		return errors.New("the program is another one")
	case prog.TextDigest != types.Digest([]byte(p.Run.Text)):
		return errors.New("the text of the skill is another one")
	case prog.Skill != p.Run.Skill:
		return errors.New("the program is of another skill")
	case DigestOf(p.Forecast) != p.Digest:
		return errors.New("its digest is not that of what it shows")
	case !bytes.Equal(types.Encode(ManifestOf(p.Writes)), types.Encode(p.Manifest)):
		return errors.New("what it touches does not follow from its writes")
	}
	return nil
}
