package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// find asks the skill's own question. Without one, nothing speaks against the
// first send, and nothing for a second, unless the service knows it by its key.
func (f family) find(ctx context.Context, _ step.Key, in RequestIn) (step.Found[Out], error) {
	how, after := in.Find, step.CallOf(ctx).AfterUnknown
	switch {
	case how == nil && (!after || in.isKnownAgain(step.CallOf(ctx))):
		return step.Absent[Out](), nil
	case how == nil && in.IdempotencyHeader != nil:
		return step.Inconclusive[Out]("check " + in.Path + " of service " + in.Service + ": it may have forgotten the key of the request, which was sent more than " + in.IdempotencyFor + " ago"), nil
	case how == nil && in.Method != http.MethodDelete:
		return step.Inconclusive[Out]("check " + in.Path + " of service " + in.Service + "; with find, the step checks that itself"), nil
	case how == nil:
		// Only after a lost answer: before, a path that is mistyped would
		// look like one that is deleted already.
		how = &Finder{Path: in.Path, Query: in.Query, Gone: true}
	}
	c, err := f.connect(in.Service)
	if err != nil {
		return step.Found[Out]{}, err
	}
	out, there, err := c.look(ctx, *how, in)
	switch {
	case err != nil && in.Find == nil:
		return step.Inconclusive[Out](err.Error()), nil // the author did not say that it can be asked
	case err != nil:
		return step.Found[Out]{}, err
	case there != how.Gone:
		return step.Exists(how.Path, out), nil
	}
	return step.Absent[Out](), nil
}

// isKnownAgain reports whether the service still knows a request by its key.
func (in RequestIn) isKnownAgain(c step.Call) bool {
	kept, err := types.ParseDuration(in.IdempotencyFor)
	return in.IdempotencyHeader != nil && err == nil && c.UnknownFor < kept
}

// look reports whether something is there, and what.
func (c *client) look(ctx context.Context, how Finder, in RequestIn) (out Out, there bool, err error) {
	t := Target{Path: how.Path, Query: how.Query, Headers: in.lookHeaders(), SecretHeaders: in.SecretHeaders, Bearer: in.Bearer, MaxBody: in.MaxBody, Codes: how.Codes}
	if how.Pages != nil {
		if out, err = c.all(ctx, ask{method: http.MethodGet, target: t}, how.Pages); err == nil {
			out, there = how.matches(out)
		}
		return out, there, err
	}
	resp, body, err := c.exchange(ctx, sending{method: http.MethodGet, target: t})
	if err != nil {
		return Out{}, false, err
	}
	code := t.codeOf(resp, body)
	absent := code == types.NotFound || code == "" && (resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone)
	if absent {
		t.Expect, t.Codes = []int{resp.StatusCode}, nil
	}
	if out, err = c.answer(http.MethodGet, t, resp, body); err != nil || absent {
		return out, false, err
	}
	out, there = how.matches(out)
	return out, there, nil
}

// lookHeaders are the headers of a write that a look has too: those that say
// who asks in which way, not what is sent and under which condition.
func (in RequestIn) lookHeaders() map[string]string {
	out := map[string]string{}
	for name, v := range in.Headers {
		if lower := strings.ToLower(name); !strings.HasPrefix(lower, "content-") && !strings.HasPrefix(lower, "if-") {
			out[name] = v
		}
	}
	return out
}

// matches reports whether what has to be there is, and returns the answer with what
// was found.
func (f Finder) matches(out Out) (Out, bool) {
	if f.Pointer == nil && f.Has == nil {
		list, isList := any(nil), false
		if out.JSON != nil {
			list, isList = (*out.JSON).([]any)
		}
		return out, !isList || len(list.([]any)) > 0
	}
	if out.JSON == nil {
		return out, false
	}
	v, ok := follow(*out.JSON, pointer(f.Pointer))
	if !ok {
		return out, false
	}
	if f.Has == nil {
		want, err := types.Decode(*f.Equals)
		return out, err == nil && same(v, want)
	}
	elements, isList := v.([]any)
	if !isList {
		elements = []any{v}
	}
	want, err := types.Decode(*f.Has)
	for _, e := range elements {
		if err == nil && has(e, want) {
			out.JSON = &e
			return out, true
		}
	}
	return out, false
}

func pointer(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func same(a, b any) bool { return bytes.Equal(types.Encode(a), types.Encode(b)) }

// has reports whether an object has the members, and those in them.
func has(v, want any) bool {
	members, isObject := want.(map[string]any)
	if !isObject {
		return same(v, want)
	}
	object, ok := v.(map[string]any)
	for name, w := range members {
		got, there := object[name]
		ok = ok && there && has(got, w)
	}
	return ok
}

// follow evaluates a JSON pointer (RFC 6901).
func follow(v any, pointer string) (any, bool) {
	if pointer == "" {
		return v, true
	}
	for _, part := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[part]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}
