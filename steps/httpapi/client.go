package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

type client struct {
	name string
	s    Service
	base *url.URL
	http *http.Client
}

func (f family) connect(name string) (*client, error) {
	s, name, err := step.Pick(f.services, "http", name)
	if err != nil {
		return nil, err
	}
	base, err := rest.Base(name, s.URL, "write it in skillrun.yaml as https://HOST/PATH")
	if err != nil {
		return nil, err
	}
	return &client{name, s, base, rest.Client(s.Transport, s.Timeout)}, nil
}

// locate puts a path below the service's url. Nothing in it can lead above, to
// another host, or into the query.
func (c *client) locate(path string, query map[string]json.RawMessage) (*url.URL, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	u, err := *c.base, error(nil)
	raw := strings.TrimSuffix(c.base.EscapedPath(), "/") + "/" + strings.TrimPrefix(path, "/")
	if u.Path, err = url.PathUnescape(raw); err != nil {
		return nil, badPath(path)
	}
	u.RawPath = raw // is left aside where it is not the encoding of Path
	u.RawQuery, err = encodeValues("query", query)
	return &u, err
}

var headerPattern = types.Pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// reserved are headers that no step sets: credentials, what belongs to the
// connection, what makes another method of one, and the key on which Go's
// client sends a write a second time by itself.
var reserved = types.Pattern(`^(authorization|proxy-.*|cookie2?|host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|` +
	`x-http-method(-override)?|x-method-override|(x-)?idempotency-key)$`)

// isKeyHeader are those of the reserved headers that a step's own key can stand in.
var isKeyHeader = types.Pattern(`^(x-)?idempotency-key$`)

// checkHeaders refuses what is not for a step to send. own is the header that the
// service's credential stands in, when it is known.
func checkHeaders(given map[string]string, own string) error {
	for _, name := range types.SortedKeys(given) {
		v, lower := given[name], strings.ToLower(name)
		if !headerPattern().MatchString(name) || strings.Trim(v, " \t") != v || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return types.Errorf(types.BadInput, "the header %q cannot be sent", name).
				WithHint("a name has letters, digits and dashes; a value has no line break, and no space at its ends")
		}
		if reserved().MatchString(lower) || lower == strings.ToLower(own) {
			return types.Errorf(types.BadInput, "the header %s cannot be set by a step", name).
				WithHint("set the credential under the service in skillrun.yaml; skillrun sets the others")
		}
	}
	return nil
}

// secretsOf are the headers of a step that are secrets, and refuses what checkHeaders
// does.
func (t Target) secretsOf(own string) (map[string]string, error) {
	out, shown := map[string]string{}, http.Header{}
	for name := range t.Headers {
		shown.Set(name, "")
	}
	for name, s := range t.SecretHeaders {
		if shown.Values(name) != nil {
			return nil, types.Errorf(types.BadInput, "the header %s stands in both headers and secret_headers", name).WithHint("leave one of them out")
		}
		out[name] = s.Reveal()
	}
	return out, checkHeaders(out, own)
}

// authorize adds the credential of the service, or the one that the step brings.
func (c *client) authorize(req *http.Request, t Target, token types.Secret) error {
	secrets, err := t.secretsOf(c.s.Header)
	if err != nil {
		return err
	}
	for name, v := range secrets {
		req.Header.Set(name, v)
	}
	switch {
	case !t.Bearer.IsZero() && !token.IsZero():
		return types.Errorf(types.BadInput, "service %s has a credential of its own, and bearer would take its place", c.name).
			WithHint("leave bearer out, or name another service")
	case !t.Bearer.IsZero():
		v := "Bearer " + t.Bearer.Reveal()
		req.Header.Set("Authorization", v)
		return checkHeaders(map[string]string{"bearer": v}, "")
	case token.IsZero():
	case c.s.Header != "":
		req.Header.Set(c.s.Header, token.Reveal())
	case c.s.User != "":
		req.SetBasicAuth(c.s.User, token.Reveal())
	default:
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	return nil
}

// sending is one request.
type sending struct {
	method string
	target Target
	kind   string // of the body
	body   []byte // nil for none
	// keyed is the header that carries the key of the effect, "" for none.
	keyed string
}

// exchange sends one request and returns what came back, whatever its status.
// The status of a write says what happened, also when the body behind it breaks
// off: as much of it as came is returned, with errCut.
//
// Where the service takes an access token no more, it is sent once more with another
// one: by its answer nothing was done.
func (c *client) exchange(ctx context.Context, s sending) (*http.Response, []byte, error) {
	token, fresh, err := c.token(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	resp, data, err := c.send(ctx, s, token)
	if err != nil || c.s.Tokens == nil || fresh || resp.StatusCode != http.StatusUnauthorized {
		return resp, data, err
	}
	if token, _, err = c.token(ctx, token.Reveal()); err != nil {
		return nil, nil, err
	}
	return c.send(ctx, s, token)
}

// token is what the service is asked with: its credential, or an access token.
func (c *client) token(ctx context.Context, refused string) (token types.Secret, fresh bool, err error) {
	if c.s.Tokens == nil {
		return c.s.Token, false, nil
	}
	return c.s.Tokens.token(ctx, c.name, refused)
}

func (c *client) send(ctx context.Context, s sending, token types.Secret) (*http.Response, []byte, error) {
	method, t := s.method, s.target
	u, err := c.locate(t.Path, t.Query)
	if err != nil {
		return nil, nil, err
	}
	var sent io.Reader
	if s.body != nil {
		sent = bytes.NewReader(s.body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), sent)
	if err != nil {
		return nil, nil, types.Errorf(types.Internal, "%s: %w", c.what(method, t), err)
	}
	req.Header.Set("Accept", "application/json, */*;q=0.5")
	req.Header.Set("User-Agent", "skillrun")
	if s.kind != "" {
		req.Header.Set("Content-Type", s.kind)
	}
	for name, v := range t.Headers {
		req.Header.Set(name, v)
	}
	if key := step.CallOf(ctx).Key; s.keyed != "" && !key.IsZero() {
		// In lower case: net/http sends a request a second time by itself when it
		// has the header Idempotency-Key, and looks for it in this spelling only.
		req.Header[strings.ToLower(s.keyed)] = []string{key.String()}
	}
	if err := checkHeaders(t.Headers, c.s.Header); err != nil {
		return nil, nil, err
	}
	if s.keyed != "" && strings.EqualFold(s.keyed, c.s.Header) {
		return nil, nil, notForKeys(s.keyed)
	}
	if err := c.authorize(req, t, token); err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, rest.Transport(method, c.what(method, t), err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(t.MaxBody)+1))
	switch {
	case err != nil && method == http.MethodGet:
		return nil, nil, rest.Transport(method, c.what(method, t), err)
	case err != nil:
		return resp, data, errCut
	}
	return resp, data, nil
}

// errCut is an answer whose status came and whose body broke off.
var errCut = errors.New("the connection broke in the middle of the answer")

// what names a request for people; its query may be long, and is left out.
func (c *client) what(method string, t Target) string {
	return method + " " + c.base.Host + strings.TrimSuffix(c.base.Path, "/") + "/" + strings.TrimPrefix(t.Path, "/")
}

// answer makes a result of an exchange, or says why it is none.
func (c *client) answer(method string, t Target, resp *http.Response, body []byte) (Out, error) {
	what := c.what(method, t)
	if err := c.judge(method, what, t, resp, body); err != nil {
		return Out{}, err
	}
	out := Out{Status: resp.StatusCode, Headers: map[string]string{}}
	for name, values := range resp.Header {
		if lower := strings.ToLower(name); lower != "set-cookie" {
			out.Headers[lower] = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
		}
	}
	if len(body) > t.MaxBody {
		if method == http.MethodGet {
			return Out{}, types.Errorf(types.Unavailable, "%s: the answer is larger than %d bytes", what, t.MaxBody).
				WithHint("ask for less, or raise max_body")
		}
		out.Truncated, body = true, body[:t.MaxBody]
	}
	out.Body = strings.ToValidUTF8(string(body), "\uFFFD")
	if !isJSON(resp) || len(bytes.TrimSpace(body)) == 0 || out.Truncated {
		return out, nil
	}
	v, err := types.Read(body)
	switch {
	case err == nil:
		out.JSON = &v
	case method == http.MethodGet && errors.Is(err, types.ErrDeep):
		return Out{}, types.Errorf(types.Unavailable, "%s: the answer is %w", what, err).WithHint("ask for less of it")
	case method == http.MethodGet:
		return Out{}, types.Errorf(types.Unavailable, "%s: the answer should be JSON, but is broken or cut off", what).
			WithHint("check for a proxy before service %q, then resume the run", c.name).With("body", excerpt(body))
	}
	return out, nil
}

func excerpt(body []byte) string {
	return strings.ToValidUTF8(string(body[:min(len(body), maxExcerpt)]), "\uFFFD")
}

func isJSON(resp *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}

func (c *client) judge(method, what string, t Target, resp *http.Response, body []byte) error {
	status := resp.StatusCode
	if code := t.codeOf(resp, body); code != "" {
		return coded(code, what, resp, body)
	}
	if t.succeeds(status) {
		return nil
	}
	if err := rest.Status(method, what, resp, said(resp, body)); err != nil {
		if status == http.StatusPreconditionFailed || status == http.StatusLocked {
			err.Code = types.Conflict
			err = err.WithHint("it was changed or locked by someone else: look at it, then resume the run")
		}
		return err.With("body", excerpt(body))
	}
	return types.Errorf(rest.Unclear(method), "%s: %d %s, which is not expected", what, status, http.StatusText(status)).
		WithHint("see what it means there, and add it to expect if it means success").With("status", status).With("body", excerpt(body))
}

// coded is the error of an answer that a rule gives its code.
func coded(code types.Code, what string, resp *http.Response, body []byte) error {
	text := fmt.Sprintf("%s: %d %s", what, resp.StatusCode, http.StatusText(resp.StatusCode))
	if words := said(resp, body); words != "" {
		text += ": " + words
	}
	return types.Errorf(code, "%s", text).WithHint("see what the service answered; codes says that this is %s", code).
		With("status", resp.StatusCode).With("body", excerpt(body))
}

// maxExcerpt is how much of a body goes into an error's details, and maxSaid
// how much of what a service said into its message.
const (
	maxExcerpt = 4 << 10
	maxSaid    = 200
)

// said is the service's own message, where it is in a usual place.
func said(resp *http.Response, body []byte) string {
	var text string
	if isJSON(resp) {
		var m map[string]any
		_ = json.Unmarshal(body, &m)
		for _, name := range []string{"message", "detail", "error_description", "error", "title"} {
			if s, ok := m[name].(string); ok && s != "" {
				text = s
				break
			}
		}
	} else if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/plain" {
		text = strings.Join(strings.Fields(excerpt(body)), " ")
	}
	if r := []rune(text); len(r) > maxSaid {
		text = string(r[:maxSaid]) + "…"
	}
	return text
}
