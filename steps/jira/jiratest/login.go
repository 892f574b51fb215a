//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import "net/http"

// login is what came of the credential of a request.
type login struct {
	good    bool
	tried   bool // there was one
	refusal reply
}

// login looks at the credential. Data Center takes a personal access token, and
// a password only where the site allows that.
func (s *Server) login(r *http.Request) login {
	user, secret, basic := r.BasicAuth()
	who := login{tried: r.Header.Get("Authorization") != ""}
	if s.cloud() {
		who.good = basic && user == s.opts.User && secret == s.opts.Token
		who.refusal = refuse(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
		return who
	}
	who.good = r.Header.Get("Authorization") == "Bearer "+s.opts.Token || basic && s.opts.Password != "" && user == s.opts.User && secret == s.opts.Password
	who.refusal = refuse(http.StatusUnauthorized, "You are not authenticated. Authentication required to perform this operation.")
	if basic && s.opts.Password == "" {
		who.refusal = refuse(http.StatusForbidden, "Basic Authentication has been disabled on this instance.")
	}
	return who
}

// header is what Jira says about the login beside the answer itself.
func (l login) header(s *Server) map[string]string {
	h := map[string]string{}
	switch {
	case l.good:
		h["X-Seraph-LoginReason"] = "OK"
	case l.tried:
		h["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
	}
	if !s.cloud() {
		h["X-AUSERNAME"] = "anonymous"
		if l.good {
			h["X-AUSERNAME"] = s.opts.User
		}
	}
	if !l.good && l.refusal.status == http.StatusUnauthorized {
		h["WWW-Authenticate"] = `OAuth realm="jiratest"`
	}
	return h
}

// noResource is the answer to a path that does not exist; the deployments write
// it differently.
func (s *Server) noResource(r *http.Request) reply {
	if s.cloud() {
		return refuse(http.StatusNotFound, "null for uri: "+r.URL.Path)
	}
	return reply{status: http.StatusNotFound, body: map[string]any{
		"message": "null for uri: " + s.base(r) + r.URL.RequestURI(), "status-code": http.StatusNotFound,
	}}
}
