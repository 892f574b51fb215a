package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// answer is an answer of Jira that is no plain yes.
type answer struct {
	*client
	*http.Response
	method, what string
}

// loggedOut reports whether Jira dropped the credential and answered as to a
// stranger. Then an empty list proves nothing.
func (a answer) loggedOut() bool {
	return strings.Contains(a.Header.Get("X-Seraph-LoginReason"), "AUTHENTICATED_FAILED")
}

func (a answer) loginFailed(said string) error {
	if a.method != http.MethodGet {
		return types.Errorf(types.UnknownOutcome, "%s: jira reports success, but not for the configured account", a.what).WithHint(lookFirst)
	}
	if said != "" {
		said = ": " + said
	}
	return types.Errorf(types.Auth, "%s: jira answered without accepting the credential%s", a.what, said).WithHint("%s", a.credentialHint)
}

// refused is a coded error with Jira's own words, of what is not 2xx.
func (a answer) refused() error {
	said, fields := a.said()
	if a.method == http.MethodGet && a.loggedOut() && a.StatusCode != http.StatusUnauthorized {
		return a.loginFailed(said)
	}
	err := rest.Status(a.method, a.what, a.Response, said)
	if len(fields) > 0 {
		err = err.With("fields", fields)
	}
	switch {
	case a.Header.Get("X-Authentication-Denied-Reason") != "":
		err.Code = types.Auth
		return err.WithHint("after failed logins Jira requires this account to log in once in a browser; a personal access token does not need that")
	case err.Code == types.Auth:
		return err.WithHint("the credential was refused: %s", a.credentialHint)
	case err.Code == types.NotFound:
		return err.WithHint(keyOrRight)
	}
	return err
}

// unreadable is a 2xx whose body is not what Jira sends: a login page, a proxy,
// a connection that broke half-way.
func (a answer) unreadable(err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	if a.method != http.MethodGet || errors.As(err, &syntax) || errors.As(err, &mismatch) || errors.Is(err, io.EOF) {
		return rest.NotFrom("Jira", a.method, a.what, err)
	}
	return rest.Transport(a.method, a.what, err)
}

// said is Jira's own text in a refusal, and the fields that it is about, by id.
func (a answer) said() (text string, fields []any) {
	defer a.Body.Close()
	kind := a.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "text/html") {
		return "(a web page, not Jira's API)", nil
	}
	body, err := io.ReadAll(io.LimitReader(a.Body, 1<<20))
	if err != nil || !strings.HasPrefix(kind, "application/json") {
		return clip(string(body)), nil
	}
	var c struct {
		ErrorMessages []string       `json:"errorMessages"`
		Errors        map[string]any `json:"errors"` // by field
		Message       string         `json:"message"`
	}
	if json.Unmarshal(body, &c) != nil {
		return "", nil
	}
	phrases := c.ErrorMessages
	if c.Message != "" {
		phrases = append(phrases, c.Message)
	}
	for _, id := range types.SortedKeys(c.Errors) {
		fields = append(fields, id)
		phrases = append(phrases, fmt.Sprintf("%s: %v", id, c.Errors[id]))
	}
	return clip(strings.Join(phrases, "; ")), fields
}

func clip(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > 500 {
		return string(r[:499]) + "…"
	}
	return s
}

// notSent is an answer of yes that names something else than what was sent.
func notSent(what, named string) error {
	return types.Errorf(types.UnknownOutcome, "%s: jira reports success but names %s, which is not what was sent", what, named).WithHint(lookFirst)
}
