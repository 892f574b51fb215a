package config

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

var serviceKeys = []string{"url", "kind", "token", "user", "credentials", "deployment", "api", "ca", "author", "timeout"}

var (
	namePattern     = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
	variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	authorPattern   = regexp.MustCompile(`^[^<>\pC]*[^<>\s\pC] <[^<>\s@]+@[^<>\s@]+>$`)
)

func (r *reader) services(n *syntax.Node) {
	r.cfg.Services = map[string]Service{}
	r.each(n, "services", nil, func(key, value *syntax.Node) {
		if !namePattern.MatchString(key.Value) {
			r.list.Errorf("bad-name", key.Range, "%q cannot name a service", clip(key.Value)).
				Hint = "use lower-case letters, digits, dashes and underscores"
			return
		}
		s := serviceReader{r, Service{Name: key.Value, Kind: key.Value, Place: key.Range, places: map[string]diag.Range{}}}
		s.read(value)
		r.cfg.Services[key.Value] = s.s
	})
}

// serviceReader reads one service.
type serviceReader struct {
	*reader
	s Service
}

func (r *serviceReader) read(n *syntax.Node) {
	path := "services." + r.s.Name
	r.each(n, path, serviceKeys, func(key, value *syntax.Node) {
		r.s.places[key.Value] = value.Range
		r.key(key.Value, path+"."+key.Value, value)
	})
	if r.s.Token != "" && r.s.Credentials != "" {
		r.list.Errorf("bad-credential", r.s.PlaceOf("credentials"), "%s has both token and credentials", path).
			Hint = "keep the one that is to be used"
	}
	_, given := r.s.places["url"]
	if !given && (r.s.Token != "" || r.s.Credentials == netrc) {
		r.list.Errorf("no-url", r.s.Place, "%s has a credential and no url to use it for", path).Hint = "add url: https://…"
	}
}

func (r *serviceReader) key(key, path string, n *syntax.Node) {
	switch key {
	case "url":
		r.url(n, path)
	case "kind":
		if s, ok := r.text(n, path); ok && !namePattern.MatchString(s) {
			r.list.Errorf("bad-value", n.Range, "%s is %q, which names no family of steps", path, clip(s))
		} else if ok {
			r.s.Kind = s
		}
	case "token":
		r.token(n, path)
	case "user":
		r.user(n, path)
	case "credentials":
		r.s.Credentials = r.choice(n, path, helper, netrc, none)
	case "deployment":
		r.s.Deployment = r.choice(n, path, "cloud", "datacenter")
	case "api":
		r.s.API = r.choice(n, path, "quay", "oci")
	case "ca":
		r.s.CA, _ = r.text(n, path)
	case "author":
		r.author(n, path)
	case "timeout":
		r.timeout(n, path)
	}
}

func (r *serviceReader) author(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if ok && !authorPattern.MatchString(s) {
		r.list.Errorf("bad-value", n.Range, "%s is %q, which git cannot write", path, clip(s)).
			Hint = "use Name <name@example.com>"
		return
	}
	r.s.Author = s
}

func (r *serviceReader) timeout(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if !ok {
		return
	}
	d, err := types.ParseDuration(s)
	if err != nil || d <= 0 {
		r.list.Errorf("bad-duration", n.Range, "%s is %q, not a duration above zero", path, clip(s)).Hint = "use 90s or 5m"
		return
	}
	r.s.Timeout = d
}

func (r *serviceReader) url(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if !ok {
		return
	}
	why, hint := urlFault(s)
	if why == "" {
		r.s.URL = strings.TrimRight(s, "/")
		return
	}
	at := n.Range
	if strings.Contains(s, "@") {
		at = r.hidden(n)
	}
	r.list.Errorf("bad-url", at, "%s %s", path, why).Hint = hint
}

// urlFault says what is wrong with the url of a service without repeating it:
// it may hold a password.
func urlFault(s string) (why, hint string) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is no url", "write it as https://host/path"
	case u.User != nil || strings.Contains(s, "@"):
		return "holds a user or a password", "take it out, and name the credential with user and token"
	case u.Hostname() == "" || u.Opaque != "":
		return "names no host", "write it as https://host/path"
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "has a query or a fragment", "end it with the path"
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return "", ""
	case u.Scheme == "http":
		return "would send the credential in the clear", "use https; http is only for this machine"
	}
	return "is neither https nor http", "write it as https://host/path"
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// user takes a name, or env:NAME for one.
func (r *serviceReader) user(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if name, isEnv := strings.CutPrefix(s, "env:"); ok && isEnv && !variablePattern.MatchString(name) {
		r.list.Errorf("bad-credential", r.hidden(n), "%s needs the name of a variable after env:", path)
		return
	}
	r.s.User = s
}

// token never shows what stands there: it may be the credential.
func (r *serviceReader) token(n *syntax.Node, path string) {
	if n.Kind != syntax.Scalar || n.Tag == syntax.Null {
		r.text(n, path)
		return
	}
	how, what, _ := strings.Cut(n.Value, ":")
	switch {
	case n.Value == helper, n.Value == netrc:
		r.s.Credentials = n.Value
	case how == "env" && variablePattern.MatchString(what), how == "file" && what != "" && !strings.Contains(what, "\x00"):
		r.s.Token = n.Value
	case how == "env":
		r.list.Errorf("bad-credential", r.hidden(n), "%s needs the name of a variable after env:", path)
	case how == "file":
		r.list.Errorf("bad-credential", r.hidden(n), "%s needs a path after file:", path)
	default:
		r.list.Errorf("literal-token", r.hidden(n), "%s is the credential itself, not its name; it is not shown here", path).
			Hint = "put it into a variable or a file, write env:NAME or file:PATH, and replace the credential if others can read this file"
	}
}

// hidden returns a place near n on whose lines n does not stand, because whoever
// shows a diagnostic shows the line: the service's name, else only the file.
func (r *serviceReader) hidden(n *syntax.Node) diag.Range {
	at := r.s.Place
	if at.End.Line < n.Range.Start.Line {
		return at
	}
	return diag.Range{File: at.File}
}
