package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

func (c *client) get(ctx context.Context, in GetIn) (Out, error) {
	return c.read(ctx, ask{method: http.MethodGet, target: in.Target}, in)
}

func (c *client) query(ctx context.Context, in QueryIn) (Out, error) {
	if err := c.s.mayQuery(c.name, in.Path); err != nil {
		return Out{}, err
	}
	return c.read(ctx, ask{http.MethodPost, in.Target, in.Content}, in.GetIn)
}

// read reads all that is asked for, or with tail its end.
func (c *client) read(ctx context.Context, a ask, in GetIn) (Out, error) {
	if !in.Tail {
		return c.all(ctx, a, in.Pages)
	}
	keep := a.target.MaxBody
	a.target.MaxBody = rest.MaxBody
	out, err := c.page(ctx, a)
	if err == nil && len(out.Body) > keep {
		out.Body, out.JSON, out.Truncated = end(out.Body, keep), nil, true
	}
	return out, err
}

// end is at most so much of a text, from its end. It begins with a line, so that a
// credential which is masked by all of it is not cut in two; of a line that is longer
// than that, with a character.
func end(text string, most int) string {
	text = text[len(text)-most:]
	if i := strings.IndexByte(text, '\n'); i >= 0 && i < len(text)-1 {
		return text[i+1:]
	}
	for text != "" && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return text
}

func (c *client) request(ctx context.Context, in RequestIn) (Out, error) {
	out, err := c.write(ctx, in)
	if in.IdempotencyHeader == nil || err == nil || types.CodeOf(err) == types.UnknownOutcome {
		return out, err
	}
	if !step.CallOf(ctx).AfterUnknown && !in.inProgress(types.AsError(err)) {
		return out, err
	}
	// What is refused the second time may have been carried out the first time; and
	// a conflict may be with the first one, which is still being carried out.
	return Out{}, types.Errorf(types.UnknownOutcome, "an earlier request with this key may have been carried out: %w", err).
		WithHint("resume the run: it is sent again, and the service knows it by its key")
}

// inProgress reports whether an error is a 409 for which no rule has a code.
func (in RequestIn) inProgress(err *types.Error) bool {
	named := slices.ContainsFunc(in.Codes, func(r Failure) bool { return slices.Contains(r.Status, http.StatusConflict) })
	return err.Details["status"] == http.StatusConflict && !named
}

// write sends a write, once.
func (c *client) write(ctx context.Context, in RequestIn) (Out, error) {
	kind, sent, err := in.body()
	if err != nil {
		return Out{}, err
	}
	request := sending{method: in.Method, target: in.Target, kind: kind, body: sent}
	if in.IdempotencyHeader != nil {
		request.keyed = *in.IdempotencyHeader
	}
	resp, body, cut := c.exchange(ctx, request)
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
	if isJSON(resp) && out.JSON == nil && out.Body != "" {
		step.CallOf(ctx).Say(fmt.Sprintf("%s: answered %d; the body should be JSON, but is broken or cut off: it is kept as text", c.what(in.Method, in.Target), out.Status))
	}
	return out, nil
}

// resolve reads what a person found at a path. The answer is the result; of a
// DELETE it has to be that nothing is there.
func (c *client) resolve(ctx context.Context, ref string, in RequestIn) (Out, error) {
	t := Target{Path: ref, Headers: in.lookHeaders(), SecretHeaders: in.SecretHeaders, Bearer: in.Bearer, MaxBody: in.MaxBody}
	resp, body, err := c.exchange(ctx, sending{method: http.MethodGet, target: t})
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
	if len(in.Form) > 0 {
		add("form", string(types.Encode(in.Form)))
	}
	if len(in.Multipart) > 0 {
		add("multipart", string(types.Encode(in.Multipart)))
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
	return step.ServiceKind{Name: "http", Network: true, Keys: map[string][]string{"user": nil, "header": nil, "token_url": nil, "refresh_token": nil, "scope": nil, "queries": nil}}
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	codes := rest.Codes(types.Conflict)
	codesOf := func(t Target) []types.Code { return declared(t.Codes) }
	return []step.Step{
		step.Picking(step.Coded(step.Checked(step.Read("http_get", "Send a GET request to an HTTP API.", rest.Do(f.connect, (*client).get)).
			Requires(toReach).Touches("http", "resource", "read").Errors(codes...), GetIn.check),
			func(in GetIn) []types.Code { return codesOf(in.Target) })),
		step.Picking(step.Coded(step.Checked(step.Read("http_query", "Send a POST request that only reads to an HTTP API.", rest.Do(f.connect, (*client).query)).
			Requires(toReach).Touches("http", "resource", "query").Errors(codes...), f.checkQuery),
			func(in QueryIn) []types.Code { return codesOf(in.Target) })),
		step.Coded(step.Checked(step.Write("http_request", "Send a request that changes something to an HTTP API.", rest.Do(f.connect, (*client).request),
			step.Find(f.find), step.Preview(f.preview), step.EventuallyConsistent[RequestIn, Out](),
			rest.Resolve(f.connect, "the path below the service's url where it is, such as things/17", (*client).resolve)).
			Requires(toReach).Touches("http", "resource", "change").Costs(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 1, Trips: 1}).Errors(codes...), RequestIn.check),
			RequestIn.declared),
	}
}
