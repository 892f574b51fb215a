package gitlab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// exchange is one request and how it ended. It travels in the context, so that
// the transport can note what GitLab said when it refused: the library keeps
// that text for some statuses and drops it for others.
type exchange struct {
	method, what string
	sent         bool
	said         string
}

type exchangeKey struct{}

func withExchange(ctx context.Context, method, what string) (context.Context, *exchange) {
	x := &exchange{method: method, what: what}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// recorder is the transport that notes it.
type recorder struct{ next http.RoundTripper }

const maxSaid = 64 << 10

// RoundTrip sends one request.
func (l recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	x, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if x == nil {
		return l.next.RoundTrip(req)
	}
	x.sent = true
	resp, err := l.next.RoundTrip(req)
	if err != nil || resp.StatusCode/100 == 2 {
		return resp, err
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxSaid))
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	x.said = said(body)
	return resp, nil
}

// end turns how the exchange ended into nil or a coded error.
func (x *exchange) end(resp *http.Response, err error) error {
	switch {
	case resp != nil && resp.StatusCode/100 != 2:
		return x.refused(resp)
	case err == nil:
		return nil
	case !x.sent:
		return types.Errorf(types.BadInput, "%s: the request cannot be made: %w", x.what, err).
			WithHint("check the url of the service in skillrun.yaml, and the arguments of the step")
	case resp == nil:
		return rest.Transport(x.method, x.what, err)
	}
	return rest.NotFrom("GitLab", x.method, x.what, err)
}

// lookAgain is what to do when it is unknown whether a write was carried out.
const lookAgain = "resume the run: it checks whether GitLab did it before it sends anything"

// noAnswer says that a read brought something which GitLab would not answer.
func noAnswer(x *exchange, format string, args ...any) error {
	return types.Errorf(types.Unavailable, "%s: "+format, append([]any{x.what}, args...)...).
		WithHint("check the service's url in skillrun.yaml: a login page or a proxy may be answering")
}

func (x *exchange) refused(resp *http.Response) error {
	err := rest.Status(x.method, x.what, resp, x.said)
	switch err.Code {
	case types.NotFound:
		return err.WithHint("GitLab also says 404 when the token lacks permission to see it: check the path, and the token's access")
	case types.Conflict:
		return err.WithHint("look at the merge request that GitLab names")
	}
	return err
}

// How many characters of a refusal are shown: GitLab's own are shown whole, a
// rule of the instance may take some lines to say what it wants.
const (
	maxText  = 8000
	maxOther = 500
)

func said(body []byte) string {
	v, err := types.Read(body)
	if err != nil {
		if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
			return "(a web page, not GitLab's API)"
		}
		return clip(string(body), maxOther)
	}
	return clip(strings.Join(phrases("", v), "; "), maxText)
}

// phrases flattens {"message": …} and {"error": …}, which hold a text, a list
// of texts, or lists by field.
func phrases(field string, v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, phrases(field, e)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, name := range types.SortedKeys(v) {
			below := name
			if slices.Contains([]string{"message", "error", "error_description", "base"}, name) {
				below = ""
			}
			out = append(out, phrases(below, v[name])...)
		}
		return out
	}
	if field == "" {
		return []string{fmt.Sprint(v)}
	}
	return []string{field + " " + fmt.Sprint(v)}
}

// clip also takes away what would act on a terminal.
func clip(s string, limit int) string {
	s = strings.TrimSpace(strings.Map(visible, strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")))
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// perPage is GitLab's largest page, maxPages after how many a list is cut.
const (
	perPage  = 100
	maxPages = 100
	// notesPage is smaller: a note may have a megabyte, and answers are limited.
	notesPage = 20
)
