package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

func (c *client) get(ctx context.Context, t Target) (Out, error) {
	resp, body, err := c.exchange(ctx, http.MethodGet, t, "", nil)
	if err != nil {
		return Out{}, err
	}
	return c.answer(http.MethodGet, t, resp, body)
}

func (c *client) request(ctx context.Context, in RequestIn) (Out, error) {
	kind, sent := in.body()
	resp, body, cut := c.exchange(ctx, in.Method, in.Target, kind, sent)
	if cut != nil && !errors.Is(cut, errCut) {
		return Out{}, cut
	}
	out, err := c.answer(in.Method, in.Target, resp, body)
	if err != nil {
		return Out{}, err
	}
	if cut != nil {
		out.Truncated, out.JSON = true, nil
	}
	if tell := step.CallOf(ctx).Tell; tell != nil && isJSON(resp) && out.JSON == nil && out.Body != "" {
		tell(fmt.Sprintf("%s: answered %d; the body should be JSON, but is broken or cut off: it is kept as text", c.what(in.Method, in.Target), out.Status))
	}
	return out, nil
}

// find asks the skill's own question. Without one, nothing speaks against the
// first send, and nothing for a second.
func (f family) find(ctx context.Context, _ step.Key, in RequestIn) (step.Found[Out], error) {
	how, after := in.Find, step.CallOf(ctx).AfterUnknown
	switch {
	case how == nil && !after:
		return step.Absent[Out](), nil
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
	t := Target{Path: how.Path, Query: how.Query, Headers: in.lookHeaders(), SecretHeaders: in.SecretHeaders, Bearer: in.Bearer, MaxBody: in.MaxBody}
	resp, body, err := c.exchange(ctx, http.MethodGet, t, "", nil)
	if err != nil {
		return step.Found[Out]{}, err
	}
	there := resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusGone
	if !there {
		t.Expect = []int{resp.StatusCode}
	}
	out, err := c.answer(http.MethodGet, t, resp, body)
	switch {
	case err != nil && in.Find == nil:
		return step.Inconclusive[Out](err.Error()), nil // the author did not say that it can be asked
	case err != nil:
		return step.Found[Out]{}, err
	case (there && how.matches(out)) != how.Gone:
		return step.Exists(how.Path, out), nil
	}
	return step.Absent[Out](), nil
}

// resolve reads what a person found at a path. The answer is the result; of a
// DELETE it has to be that nothing is there.
func (c *client) resolve(ctx context.Context, ref string, in RequestIn) (Out, error) {
	t := Target{Path: ref, Headers: in.lookHeaders(), SecretHeaders: in.SecretHeaders, Bearer: in.Bearer, MaxBody: in.MaxBody}
	resp, body, err := c.exchange(ctx, http.MethodGet, t, "", nil)
	switch {
	case err != nil:
		return Out{}, err
	case in.Method == http.MethodDelete && resp.StatusCode/100 == 2:
		return Out{}, types.Errorf(types.Conflict, "%s is still there", ref).WithHint("use --not-done, and it is deleted again")
	case in.Method == http.MethodDelete:
		t.Expect = []int{http.StatusNotFound, http.StatusGone}
	}
	return c.answer(http.MethodGet, t, resp, body)
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

// matches reports whether what the pointer leads to is what it has to be.
func (f Finder) matches(out Out) bool {
	if f.Pointer == nil {
		return true
	}
	if out.JSON == nil {
		return false
	}
	v, ok := follow(*out.JSON, *f.Pointer)
	want, err := types.Decode(*f.Equals)
	return ok && err == nil && bytes.Equal(types.Encode(v), types.Encode(want))
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

// preview says what would be sent, without asking the service.
func (f family) preview(_ context.Context, in RequestIn, unknown step.UnknownPaths) (step.Prediction[Out], error) {
	p := step.Prediction[Out]{Unknown: step.UnknownPaths{""}}
	where := in.Path
	if unknown.Has("path") {
		where = "a path that is not known yet"
	}
	p.Change.Title = strings.TrimSpace(in.Method + " " + where)
	add := func(name, value string) {
		if !unknown.Has(name) && value != "" {
			p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: name, Value: value})
		}
	}
	add("service", in.Service)
	add("method", in.Method)
	add("path", in.Path)
	if len(in.Query) > 0 {
		add("query", string(types.Encode(in.Query)))
	}
	if len(in.Headers) > 0 {
		add("headers", string(types.Encode(in.Headers)))
	}
	if len(in.SecretHeaders) > 0 {
		add("secret_headers", string(types.Encode(in.SecretHeaders)))
	}
	if !in.Bearer.IsZero() {
		add("bearer", in.Bearer.String())
	}
	if in.JSON != nil {
		add("json", string(*in.JSON))
	}
	if in.Body != nil {
		add("body", *in.Body)
	}
	return p, f.refuse(in, unknown)
}

// refuse says in a plan what the run would refuse for want of a service, or
// because of its credential.
func (f family) refuse(in RequestIn, unknown step.UnknownPaths) error {
	if len(unknown) > 0 {
		return nil
	}
	c, err := f.connect(in.Service)
	if err == nil {
		err = checkHeaders(in.Headers, c.s.Header)
	}
	return err
}

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{Name: "http", Network: true, Keys: map[string][]string{"user": nil, "header": nil, "token_url": nil, "refresh_token": nil, "scope": nil}}
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	codes := rest.Codes(types.Conflict)
	return []step.Step{
		step.Picking(step.Checked(step.Read("http_get", "Send a GET request to an HTTP API.", rest.Do(f.connect, (*client).get)).
			Requires(toReach).Touches("http", "resource", "read").Errors(codes...), Target.check)),
		step.Checked(step.Write("http_request", "Send a request that changes something to an HTTP API.", rest.Do(f.connect, (*client).request),
			step.Find(f.find), step.Preview(f.preview), step.EventuallyConsistent[RequestIn, Out](),
			rest.Resolve(f.connect, "the path below the service's url where it is, such as things/17", (*client).resolve)).
			Requires(toReach).Touches("http", "resource", "change").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 1, Trips: 1}).Errors(codes...), RequestIn.check),
	}
}
