package config

import (
	"cmp"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var (
	secretPattern   = types.Pattern(`^[a-z][a-z0-9_]*$`)
	namePattern     = types.Pattern(`^[a-z][a-z0-9_-]*$`)
	variablePattern = types.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
	headerPattern   = types.Pattern(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)
	queryPattern    = types.Pattern(`^(/([A-Za-z0-9._~-]+|\*))+$`)
	personPattern   = types.Pattern(`^[^<>\pC]*[^<>\s\pC] <[^<>\s@]+@[^<>\s@]+>$`)
)

func (r *reader) services(n *syntax.Node) {
	r.each(n, "services", nil, func(key, value *syntax.Node) {
		if !namePattern().MatchString(key.Value) {
			name := clip(key.Value)
			if diag.Nearest(strings.ToLower(key.Value), r.cfg.kindsWith("")) != "" {
				name = key.Value
			}
			r.list.Errorf("bad-name", key.Range, "%q cannot name a service", name).
				Hint = "use lower-case letters, digits, dashes and underscores"
			return
		}
		s := serviceReader{r, Service{Name: key.Value, Kind: key.Value, Place: key.Range, places: map[string]diag.Range{}, texts: map[string]string{}}}
		s.read(value)
		r.cfg.Services[key.Value] = s.s
	})
}

// secrets reads the credentials that skills need themselves. Each is a service of a
// kind of its own, without a place, so that it is looked up, masked and trusted as the
// credential of any other.
func (r *reader) secrets(n *syntax.Node) {
	r.each(n, "secrets", nil, func(key, value *syntax.Node) {
		if !secretPattern().MatchString(key.Value) {
			r.list.Errorf("bad-name", key.Range, "%q cannot name a secret", clip(key.Value)).
				Hint = "use lower-case letters, digits and underscores, beginning with a letter"
			return
		}
		name := types.SitePrefix + key.Value
		s := serviceReader{r, Service{Name: name, Kind: step.SecretKind, Place: key.Range, places: map[string]diag.Range{"token": value.Range}}}
		s.token(value, name)
		if s.s.Credentials != "" {
			s.s.Credentials = ""
			r.list.Errorf("bad-credential", value.Range, "%s is not at one place: only the credential of a service can be had like that", name).Hint = "write env:NAME or file:PATH"
		}
		r.cfg.Services[name] = s.s
	})
}

type serviceReader struct {
	*reader
	s Service
}

func (r *serviceReader) read(n *syntax.Node) {
	path := "services." + r.s.Name
	r.each(n, path, serviceKeys, func(key, value *syntax.Node) {
		if r.s.places[key.Value] = value.Range; value.Kind == syntax.Scalar && value.Tag == syntax.Str {
			r.s.texts[key.Value] = value.Value
		}
		r.key(key.Value, path+"."+key.Value, value)
	})
	r.unsuitable(path)
	if r.s.Token != "" && r.s.Credentials != "" {
		r.list.Errorf("bad-credential", r.s.PlaceOf("credentials"), "%s has both token and credentials", path).
			Hint = "keep the one that is to be used"
	}
	r.oauth(path)
	kind, _ := r.cfg.kind(r.s.Kind)
	if _, given := r.s.places["url"]; !given {
		r.s.URL = kind.URL
	}
	if _, ok := r.s.places[kind.Required]; kind.Required != "" && !ok {
		r.list.Errorf("missing-key", r.s.Place, "%s has no %s", path, kind.Required).Hint = "add it, as in `" + kind.Example + "`"
	}
	if _, given := r.s.places["url"]; !given && r.s.URL == "" && (r.s.Token != "" || r.s.Credentials == netrc) {
		r.list.Errorf("no-url", r.s.Place, "%s has a credential and no url to use it for", path).Hint = "add url: https://…"
	}
}

// oauth reports what does not go together where a service gets access tokens.
func (r *serviceReader) oauth(path string) {
	_, gets := r.s.places["token_url"]
	_, refreshes := r.s.places["refresh_token"]
	_, scoped := r.s.places["scope"]
	_, client := r.s.places["user"]
	_, secret := r.s.places["token"]
	switch {
	case !gets && refreshes, !gets && scoped:
		key := map[bool]string{true: "refresh_token", false: "scope"}[refreshes]
		r.list.Errorf("missing-key", r.s.PlaceOf(key), "%s has %s and no token_url", path, key).Hint = "add token_url: https://…, where access tokens are issued"
	case gets && !client, gets && !secret && !refreshes:
		r.list.Errorf("missing-key", r.s.PlaceOf("token_url"), "%s has a token_url and no client to ask it", path).
			Hint = "add user: the client's id, and token: where its secret is, or refresh_token"
	case refreshes && scoped:
		r.list.Errorf("wrong-key", r.s.PlaceOf("scope"), "%s has scope, and a refresh token has its own", path).Hint = "remove it"
	}
}

// kind is the kind of a name, when some family declares it.
func (c *Config) kind(name string) (step.ServiceKind, bool) {
	i := slices.IndexFunc(c.kinds, func(k step.ServiceKind) bool { return k.Name == name })
	if i < 0 {
		return step.ServiceKind{}, false
	}
	return c.kinds[i], true
}

// kindsWith are the names of the kinds that have a use for a key, "" for all.
func (c *Config) kindsWith(key string) []string {
	var out []string
	for _, k := range c.kinds {
		if key == "" || uses(k, key) {
			out = append(out, k.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Uses reports whether services of a kind have a use for a key.
func Uses(k step.ServiceKind, key string) bool { return uses(k, key) }

func uses(k step.ServiceKind, key string) bool {
	_, ok := k.Keys[key]
	return ok || key == "kind" || k.Network && slices.Contains(network, key)
}

// unsuitable reports keys and words that mean nothing to the service's kind. What a
// kind that no family declares makes of a key is its own affair.
func (r *serviceReader) unsuitable(path string) {
	kind, known := r.cfg.kind(r.s.Kind)
	if !known {
		return
	}
	for _, key := range types.SortedKeys(r.s.places) {
		said, isText := r.s.texts[key]
		switch words := kind.Keys[key]; {
		case !uses(kind, key):
			r.list.Errorf("wrong-key", r.s.places[key], "%s has %s, which %s services have no use for", path, key, kind.Name).
				Hint = "remove it; it belongs to services of kind " + strings.Join(r.cfg.kindsWith(key), ", ")
		case words != nil && isText && !slices.Contains(words, said):
			r.list.Errorf("bad-value", r.s.places[key], "%s.%s is not one of %s", path, key, strings.Join(words, ", ")).
				Suggest(said, words)
		}
	}
	if r.s.Credentials == helper && !kind.GitHelper {
		r.list.Errorf("wrong-key", r.s.credentialPlace(), "%s asks git's credential helper, which only git services can", path).
			Hint = "name the credential with token: env:NAME or file:PATH, or set credentials: netrc"
	}
}

func (r *serviceReader) key(key, path string, n *syntax.Node) {
	switch key {
	case "url":
		r.s.URL = r.url(n, path)
	case "token_url":
		r.s.TokenURL = r.url(n, path)
	case "refresh_token":
		r.s.Refresh = r.reference(n, path)
		if r.s.Refresh == helper || r.s.Refresh == netrc {
			r.s.Refresh = ""
			r.list.Errorf("bad-credential", n.Range, "%s is not at one place", path).Hint = "write env:NAME or file:PATH"
		}
	case "command":
		r.s.Command = r.texts(n, path)
	case "pass_env":
		r.s.PassEnv = r.names(n, path, variablePattern, "[HOME, LANG]: names of variables")
	case "secret_env":
		r.secretEnv(n, path)
	case "scope":
		r.s.Scope, _ = r.text(n, path)
	case "kind":
		kind := r.matching(n, path, namePattern, "names no family of steps", "use one of "+strings.Join(r.cfg.kindsWith(""), ", "))
		r.s.Kind = cmp.Or(kind, r.s.Kind)
	case "token":
		r.token(n, path)
	case "user":
		r.user(n, path)
	case "credentials":
		r.s.Credentials = r.choice(n, path, helper, netrc, none)
	case "deployment":
		r.s.Deployment, _ = r.text(n, path)
	case "api":
		r.s.API, _ = r.text(n, path)
	case "ca":
		r.s.CA, _ = r.text(n, path)
	case "author":
		r.s.Author = r.person(n, path)
	case "committer":
		r.s.Committer = r.person(n, path)
	case "sign_off":
		r.s.SignOff = r.boolean(n, path)
	case "signing_key":
		r.signingKey(n, path)
	case "header":
		r.s.Header = r.matching(n, path, headerPattern, "is not a header name", "use a name such as X-Api-Key")
	case "root":
		r.s.Root, _ = r.text(n, path)
	case "queries":
		r.s.Queries = r.names(n, path, queryPattern, "queries: [/graphql, /v1/*/search], the paths below the url at which a POST only reads")
	case "timeout":
		r.timeout(n, path)
	}
}

func (r *serviceReader) person(n *syntax.Node, path string) string {
	return r.matching(n, path, personPattern, "is not a name and address that git can record", "use Name <name@example.com>")
}

// matching reads a text of a form; not says what another one is not.
func (r *serviceReader) matching(n *syntax.Node, path string, form func() *regexp.Regexp, not, hint string) string {
	s, ok := r.text(n, path)
	if ok && !form().MatchString(s) {
		r.list.Errorf("bad-value", n.Range, "%s %s", path, not).Hint = hint
		return ""
	}
	return s
}

// texts reads a list of texts with at least one.
func (r *serviceReader) texts(n *syntax.Node, path string) []string {
	var out []string
	for _, item := range n.Items {
		if s, ok := r.text(item, "an item of "+path); ok {
			out = append(out, s)
		}
	}
	if n.Kind != syntax.Sequence || len(out) == 0 || out[0] == "" {
		r.list.Errorf("wrong-type", n.Range, "%s has to be a list: a program and its arguments", path).Hint = "write [npx, -y, some-server]"
		return nil
	}
	return out
}

// secretEnv reads which variables have which credentials.
func (r *serviceReader) secretEnv(n *syntax.Node, path string) {
	r.s.SecretEnv = map[string]string{}
	r.each(n, path, nil, func(key, value *syntax.Node) {
		if !variablePattern().MatchString(key.Value) {
			r.list.Errorf("bad-name", key.Range, "%s has a name that no variable can have", path).Hint = "use letters, digits and underscores"
			return
		}
		if ref := r.reference(value, path+".…"); ref != helper && ref != netrc {
			r.s.SecretEnv[key.Value] = ref
		} else {
			r.list.Errorf("bad-credential", value.Range, "%s is not at one place", path).Hint = "write env:NAME or file:PATH"
		}
	})
}

// signingKey takes the path of a key, and refuses the key itself.
func (r *serviceReader) signingKey(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if ok && (s == "" || strings.ContainsFunc(s, unicode.IsControl) || strings.Contains(s, "PRIVATE KEY")) {
		r.list.Errorf("bad-value", r.hidden(n), "%s is not the path of a file; it is not shown here", path).
			Hint = "name a file that holds an ssh key, such as ~/.ssh/id_ed25519"
		return
	}
	r.s.SigningKey = s
}

func (r *serviceReader) timeout(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if !ok {
		return
	}
	d, err := types.ParseDuration(s)
	if err != nil || d <= 0 {
		r.list.Errorf("bad-duration", n.Range, "%s is not a duration above zero", path).Hint = "use 90s or 5m"
		return
	}
	r.s.Timeout = d
}

func (r *serviceReader) url(n *syntax.Node, path string) string {
	s, ok := r.text(n, path)
	if !ok {
		return ""
	}
	why, hint := urlFault(s)
	if why == "" {
		return strings.TrimRight(s, "/")
	}
	at := n.Range
	if strings.Contains(s, "@") {
		at = r.hidden(n)
	}
	r.list.Errorf("bad-url", at, "%s %s", path, why).Hint = hint
	return ""
}

// urlFault says what is wrong with the url of a service without repeating it:
// it may hold a password.
func urlFault(s string) (why, hint string) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is not a valid URL", "write it as https://host/path"
	case u.User != nil || strings.Contains(s, "@"):
		return "holds a user or a password", "take it out, and name the credential with user and token"
	case u.Hostname() == "" || u.Opaque != "":
		return "names no host", "write it as https://host/path"
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "has a query or a fragment", "end it with the path"
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return "", ""
	case u.Scheme == "http":
		return "would send the credential unencrypted", "use https; http is only for this machine"
	}
	return "is neither https nor http", "write it as https://host/path"
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

const variableHint = "a name has letters, digits and underscores, as in env:GITLAB_TOKEN"

// user takes a name, or env:NAME for one.
func (r *serviceReader) user(n *syntax.Node, path string) {
	s, ok := r.text(n, path)
	if name, isEnv := strings.CutPrefix(s, "env:"); ok && isEnv && !variablePattern().MatchString(name) {
		r.list.Errorf("bad-credential", r.hidden(n), "%s needs the name of a variable after env:", path).Hint = variableHint
		return
	}
	r.s.User = s
}

func (r *serviceReader) token(n *syntax.Node, path string) {
	if ref := r.reference(n, path); ref == helper || ref == netrc {
		r.s.Credentials = ref
	} else {
		r.s.Token = ref
	}
}

// reference reads where a credential is. It never shows what stands there: it may be
// the credential.
func (r *serviceReader) reference(n *syntax.Node, path string) string {
	if n.Kind != syntax.Scalar || n.Tag == syntax.Null {
		r.text(n, path)
		return ""
	}
	how, what, _ := strings.Cut(n.Value, ":")
	switch {
	case n.Value == helper, n.Value == netrc,
		how == "env" && variablePattern().MatchString(what), how == "file" && what != "" && !strings.Contains(what, "\x00"):
		return n.Value
	case how == "env":
		r.list.Errorf("bad-credential", r.hidden(n), "%s needs the name of a variable after env:", path).Hint = variableHint
	case how == "file":
		r.list.Errorf("bad-credential", r.hidden(n), "%s needs a path after file:", path).Hint = "write it as file:PATH, from the folder of this file"
	default:
		r.list.Errorf("literal-token", r.hidden(n), "%s is the credential itself, not its name; it is not shown here", path).
			Hint = "put it into a variable or a file, write env:NAME or file:PATH, and replace the credential if others can read this file"
	}
	return ""
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
