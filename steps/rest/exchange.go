package rest

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/skillrun/skillrun/engine/types"
)

// Base returns the address of the service of that name: http or https, with a host
// and no user. hint says how it is written.
func Base(name, address, hint string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, types.Errorf(types.BadInput, "the service %q has an invalid URL", name).WithHint("%s", hint)
	}
	return u, nil
}

// OnThisMachine reports whether a host is the machine itself.
func OnThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Ask sends a request and reads the answer, whatever its status. It fails when
// there is no whole answer; what says what was asked.
func Ask(c *http.Client, req *http.Request, what string) (*http.Response, []byte, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, Transport(req.Method, what, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, Transport(req.Method, what, err)
	}
	return resp, body, nil
}

// NotFrom is the error for an answer that no GitLab, Jira or other service that was
// expected gives: a proxy's, a login page, a broken one. Of a write it proves
// nothing.
func NotFrom(whose, method, what string, why error) *types.Error {
	hint := "check the service's url in skillrun.yaml: a login page or a proxy may be answering"
	if !isRead(method) {
		hint = hints[types.UnknownOutcome]
	}
	return types.Errorf(Unclear(method), "%s: the answer is not %s's: %w", what, whose, why).WithHint("%s", hint)
}
