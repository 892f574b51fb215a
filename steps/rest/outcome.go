// Package rest is what the families that speak HTTP share: a client with limits, what
// an address and an answer have to be, and the sorting of how an exchange ended into
// the four answers that the engine's protocol knows: not sent, definitely no,
// definitely yes, unknown.
//
// The rule (docs: facts about Jira, GitLab and net/http, measured): a dial,
// DNS or TLS error means the request was not sent; 400, 401, 403, 404, 405,
// 409, 410, 413, 415, 422 and 429 mean it was not carried out; on a write,
// everything else that is not a good 2xx answer is unknown: a reset, a
// time-out, an empty answer, a redirect, a 5xx, a body that does not decode.
package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Status turns an answer that is not 2xx into a coded error, nil for 2xx. said
// is the service's own message, shown as it is.
func Status(method, what string, resp *http.Response, said string) *types.Error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	code := codeOf(method, resp.StatusCode)
	msg := what + ": " + strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode)
	if said = strings.TrimSpace(said); said != "" {
		msg += ": " + said
	}
	err := types.Errorf(code, "%s", msg).With("status", resp.StatusCode).WithHint("%s", hints[code])
	if resp.StatusCode/100 == 3 && isRead(method) {
		return err.WithHint("it redirects to another host, which skillrun sends no credential: use that host in the service's url")
	}
	if after := brief(resp.Header.Get("Retry-After")); code == types.RateLimited && after != "" {
		return err.With("retry_after", after).WithHint("the service asks to wait: Retry-After %s", after)
	}
	return err
}

// maxAfter is as long as a Retry-After that says something is.
const maxAfter = 40

// brief cuts off a Retry-After that is none.
func brief(after string) string {
	after = strings.ToValidUTF8(after, "\uFFFD")
	if r := []rune(after); len(r) > maxAfter {
		return string(r[:maxAfter]) + "…"
	}
	return after
}

// hints are what to do about a refusal, where the family does not know better.
var hints = map[types.Code]string{
	types.Auth:           "the credential was refused: check the service's token in skillrun.yaml, and that it has not expired",
	types.Forbidden:      "the account lacks permission: ask for it, or use another account's credential",
	types.NotFound:       "check the service's url and the name; a service also says this about what the account may not see",
	types.Conflict:       "it was changed in the meantime: check it, then resume the run",
	types.BadInput:       "the service does not accept it: change what it names, and run again",
	types.RateLimited:    "wait a few minutes, then resume the run",
	types.Unavailable:    "the service, or a proxy before it, has a problem: resume the run later",
	types.UnknownOutcome: "resume the run: it checks whether the request was carried out before it sends anything",
}

func codeOf(method string, status int) types.Code {
	switch status {
	case 401:
		return types.Auth
	case 403:
		return types.Forbidden
	case 404, 410:
		return types.NotFound
	case 409:
		return types.Conflict
	case 400, 405, 413, 415, 422:
		return types.BadInput
	case 429:
		return types.RateLimited
	}
	return Unclear(method)
}

// Unclear is the code of an answer that says neither yes nor no. A server that
// fails may have done the work before: of a write the outcome is unknown.
func Unclear(method string) types.Code {
	if !isRead(method) {
		return types.UnknownOutcome
	}
	return types.Unavailable
}
