package ocitest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// service is what the registry calls itself when it sends someone for a token.
const service = "registry.test"

// allow checks a request against what may be seen. The token of a repository
// is "t-" and the repository; an anonymous one begins with "a-". They are only
// told apart here: a stand-in keeps no secrets.
func (s *Server) allow(r *http.Request, repository string) (reply, bool) {
	known := false
	switch auth := r.Header.Get("Authorization"); {
	case s.opts.Auth == Basic:
		known = s.knows(r)
		if auth != "" && !known {
			return s.challenge(r, repository), false
		}
	case auth == "":
		return s.challenge(r, repository), false // as most registries: also for public ones
	default:
		token := strings.TrimPrefix(auth, "Bearer ")
		known = token == tokenFor("t-", s.scoped(repository))
		if !known && token != tokenFor("a-", s.scoped(repository)) {
			return s.challenge(r, repository), false
		}
	}
	switch {
	case slices.Contains(s.opts.Unreadable, repository):
		return refuse(http.StatusForbidden, "DENIED", "requested access to the resource is denied"), false
	case s.opts.Private && !known:
		return s.challenge(r, repository), false
	}
	return reply{}, true
}

// knows reports whether a request carries the good credential.
func (s *Server) knows(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && s.opts.Token != "" && user == s.opts.User && password == s.opts.Token
}

func tokenFor(kind, repository string) string {
	return kind + strings.NewReplacer("/", "~").Replace(repository)
}

// scoped is how the token service knows a repository.
func (s *Server) scoped(repository string) string { return s.opts.Namespace + repository }

func (s *Server) challenge(r *http.Request, repository string) reply {
	a := refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	if s.opts.Auth == Basic {
		a.headers["WWW-Authenticate"] = `Basic realm="` + service + `"`
		return a
	}
	realm := s.opts.Realm
	if realm == "" {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		realm = scheme + "://" + r.Host + "/token"
	}
	c := `Bearer realm="` + realm + `",service="` + service + `"`
	if repository != "" {
		c += `,scope="repository:` + s.scoped(repository) + `:pull"`
	}
	if s.opts.Both {
		c = strings.Replace(c, ":pull\"", ":pull,push registry:catalog:*\"", 1)
		c = `Negotiate YWI=, Basic realm="say \"please\", Bearer realm=none", ` + c + `, error="invalid_token"`
	}
	a.headers["WWW-Authenticate"] = c
	return a
}

// give is the token service.
func (s *Server) give(r *http.Request) reply {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains([]string{"service", "scope", "account"}, name) {
			return refuse(http.StatusBadRequest, "UNSUPPORTED", "unknown parameter "+name)
		}
	}
	if q.Get("service") != service {
		return refuse(http.StatusBadRequest, "UNSUPPORTED", "unknown service")
	}
	kind := "a-"
	if r.Header.Get("Authorization") != "" {
		if !s.knows(r) {
			return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		}
		kind = "t-"
	}
	repository := ""
	if scope := q.Get("scope"); scope != "" {
		name, ok := strings.CutPrefix(scope, "repository:")
		name, pull := strings.CutSuffix(name, ":pull")
		if !ok || !pull {
			return refuse(http.StatusBadRequest, "UNSUPPORTED", "unknown scope")
		}
		repository = name
	}
	body, _ := json.Marshal(map[string]any{"token": tokenFor(kind, repository), "expires_in": 300, "issued_at": "2026-01-15T10:00:00Z"})
	return found("application/json", body, nil)
}
