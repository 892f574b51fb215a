package config

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// ruling is what a file that merely lay in the working directory may say of a
// member: of a service that holds a credential, of the policy, of the whole.
type ruling int

// The rulings. Whoever adds a member decides; without a decision it is [asOwn].
const (
	asOwn    ruling = iota // what the user's own file says, and nothing else
	narrower               // what the user's own file says, or nothing: saying nothing is the more careful
	held                   // what a rule of its own in distrust lets through
	free                   // anything: it decides neither who is asked nor what they are sent
)

// serviceRulings are of a service that holds a credential. One without can do no
// more than anybody could who has the file.
var serviceRulings = map[string]ruling{
	"url":           asOwn, // the path too: another path of a host may be another's
	"kind":          asOwn,
	"token":         asOwn,
	"user":          asOwn,
	"credentials":   asOwn,
	"deployment":    asOwn, // it decides how the credential is sent
	"api":           asOwn, // it decides whether the registry names the host for tokens
	"header":        asOwn,
	"token_url":     asOwn, // it is sent the client's credentials
	"refresh_token": asOwn,
	"scope":         asOwn,
	"ca":            narrower, // whoever holds its key reads the credential
	"queries":       narrower, // they are sent without asking
	"sign_off":      narrower, // a statement in the user's name
	"signing_key":   held,
	"command":       held, // it is run
	"pass_env":      held,
	"secret_env":    held,
	"root":          held,
	"timeout":       free,
	"author":        free, // what a commit says, as the values under config
	"committer":     free,
}

var policyRulings = map[string]ruling{"confirm": held, "settle": held, "exec": held, "hosts": held}

// topRulings are of the members of the whole file.
var topRulings = map[string]ruling{
	"services": held, "policy": held, // by the tables above
	"secrets": held, // by what the user's own file names
	"site":    free, "timezone": free,
	"config": free, "skills": free, // what a run reaches by them is bound when a person agrees to it
}

// distrust refuses what a file that merely lay in the working directory says
// against the user's own: other ways for a credential, other keys and folders of
// this machine, and less care.
func (o Options) distrust(cfg *Config, list *diag.List) {
	own := &Config{Policy: Policy{Settle: DefaultSettle}}
	if path := o.ownPath(); path != "" {
		var problems diag.List
		own, problems, _ = o.load(path)
		if cfg.Policy.loose() || cfg.any(func(s Service) bool {
			return cfg.holds(s) || s.Kind == step.SecretKind || s.Command != nil || s.SigningKey != "" || s.Root != ""
		}) {
			*list = append(*list, problems...) // they may be why something is refused
		}
	}
	o.distrustPolicy(cfg, own, list)
	cfg.foreign = map[string]bool{}
	for _, name := range types.SortedKeys(cfg.Services) {
		s := cfg.Services[name]
		if s.URL != "" && !own.names(name, func(s Service) string { return where(s.URL) }, where(s.URL)) {
			cfg.foreign[name] = true
		}
		if cfg.holds(s) {
			o.distrustService(cfg, own, s, list)
		}
		if s.Kind == step.SecretKind && cfg.tokenRef(s.Token) != own.tokenRef(own.Services[name].Token) {
			list.Errorf("untrusted-secret", s.PlaceOf("token"), "%s is not trusted with this credential: only the file in the working directory names it", name).
				Hint = "name it in the same way under secrets in your own " + FileName + ", trust the folder with skillrun trust, or pass --config ./" + FileName
		}
		if mine := own.Services[name]; s.Command != nil && !cfg.sameProgram(s, own, mine) {
			list.Errorf("untrusted-command", s.PlaceOf("command"), "%s is not trusted to run its program: only the file in the working directory names it, or what it is given", name).
				Hint = "give it the same command, pass_env and secret_env in your own " + FileName + ", trust the folder with skillrun trust, or pass --config ./" + FileName
		}
		if s.Root != "" && !own.names(name, Service.root, s.Root) {
			list.Errorf("untrusted-root", s.PlaceOf("root"), "%s is not trusted with the folder %s: only the file in the working directory names it", name, s.Root).
				Hint = "name the folder in your own " + FileName + " too, trust the folder with skillrun trust, or pass --config ./" + FileName
		}
		if s.SigningKey != "" && !own.names(name, Service.signingKey, s.SigningKey) {
			list.Errorf("untrusted-key", s.PlaceOf("signing_key"), "%s is not trusted to sign with %s: only the file in the working directory names it", name, s.SigningKey).
				Hint = "name the key in your own " + FileName + " too, trust the folder with skillrun trust, or pass --config ./" + FileName
		}
	}
	list.Sort()
}

// sameProgram reports whether two services run the same program with the same variables.
func (c *Config) sameProgram(s Service, own *Config, mine Service) bool {
	return slices.Equal(s.Command, mine.Command) && slices.Equal(s.PassEnv, mine.PassEnv) &&
		maps.EqualFunc(s.SecretEnv, mine.SecretEnv, func(a, b string) bool { return c.tokenRef(a) == own.tokenRef(b) })
}

// distrustPolicy keeps the file from being less careful than the user's own,
// whose care counts where the file says nothing.
func (o Options) distrustPolicy(cfg, own *Config, list *diag.List) {
	distrustLists(cfg, own, list)
	if _, said := cfg.places["policy.settle"]; !said {
		cfg.Policy.Settle = max(cfg.Policy.Settle, own.Policy.Settle)
	}
	if cfg.Policy.Confirm == "" && own.Policy.Confirm == "always" {
		cfg.Policy.Confirm = own.Policy.Confirm
	}
	if cfg.Policy.Confirm == "never" && own.Policy.Confirm != "never" {
		list.Errorf("untrusted-policy", cfg.places["policy.confirm"], "only the file in the working directory turns off confirmation before a write").
			Hint = "set policy: {confirm: never} in your own " + FileName + ", trust the folder with skillrun trust, or pass --config ./" + FileName
	}
	if cfg.Policy.Settle < own.Policy.Settle {
		list.Errorf("untrusted-policy", cfg.places["policy.settle"], "only the file in the working directory says that a lost request is over after %s", cfg.Policy.Settle).
			Hint = "set policy: {settle: " + cfg.Policy.Settle.String() + "} in your own " + FileName + ", trust the folder with skillrun trust, or pass --config ./" + FileName
	}
}

// distrustService checks a service with a credential, member by member, against the
// one of its name in the user's own file, or else against those that send the same
// credential to the same place.
func (o Options) distrustService(cfg, own *Config, s Service, list *diag.List) {
	u := cfg.use(s)
	var best []string // the members that are refused, of the service that comes closest
	found := false
	for _, name := range types.SortedKeys(own.Services) {
		mine := own.Services[name]
		if !own.use(mine).covers(u) {
			continue
		}
		if bad := differing(cfg, s, own, mine); !found || len(bad) < len(best) {
			best, found = bad, true
		}
	}
	mine, named := own.Services[s.Name]
	switch {
	case (found || u.origin == "") && named && (mine.URL != "" || own.holds(mine)):
		best = differing(cfg, s, own, mine)
	case found:
	case u.origin == "": // git asks its helper by host, and the host is another's only where the user has stored something for it
		best = differing(cfg, s, own, Service{Kind: s.Kind, Credentials: s.Credentials})
	default:
		list.Errorf("untrusted-host", s.PlaceOf("url"), "%s is not trusted to send its credential to %s: only the file in the working directory says so", s.Name, u.origin).
			Hint = o.trustHint(s)
	}
	for _, key := range best {
		what := "only the file in the working directory says so"
		if _, said := s.places[key]; !said {
			what = "the file in the working directory leaves it out, and your own says it"
		}
		list.Errorf("untrusted-service", s.PlaceOf(key), "%s has a credential, so its %s cannot be changed: %s", s.Name, key, what).
			Hint = fmt.Sprintf("set the same %s in your own %s, trust the folder with skillrun trust, or pass --config ./%s", key, FileName, FileName)
	}
}

// differing are the members that may not be as they are, beside the user's own.
func differing(cfg *Config, s Service, own *Config, mine Service) []string {
	var out []string
	for _, key := range serviceKeys.Names() {
		is, was := cfg.meaning(s, key), own.meaning(mine, key)
		switch serviceRulings[key] {
		case asOwn:
			if is != was {
				out = append(out, key)
			}
		case narrower:
			if is != was && is != "" {
				out = append(out, key)
			}
		case held, free:
		}
	}
	return out
}

// meaning is what a service says under a key, in one spelling.
func (c *Config) meaning(s Service, key string) string {
	switch key {
	case "url":
		return where(s.URL)
	case "kind":
		return s.Kind
	case "token":
		return c.tokenRef(s.Token)
	case "token_url":
		return where(s.TokenURL)
	case "refresh_token":
		return c.tokenRef(s.Refresh)
	case "credentials":
		return s.Credentials
	case "ca":
		return s.CA // a path from the root
	case "header":
		return strings.ToLower(s.Header)
	case "queries":
		return strings.Join(s.Queries, " ")
	case "sign_off":
		return map[bool]string{true: "true"}[s.SignOff]
	}
	return s.texts[key]
}

func (o Options) trustHint(s Service) string {
	own := cmp.Or(o.ownPath(), "your own "+FileName)
	return fmt.Sprintf("give %s a %s service with this url and the same credential, trust the folder with skillrun trust, or pass --config ./%s", own, s.Kind, FileName)
}

// use is what a service does with a credential.
type use struct {
	kind, origin string
	refs         []string // the credentials it sends, as absolute references
}

// holds reports whether a service has a credential that it may send.
func (c *Config) holds(s Service) bool {
	u := c.use(s)
	return len(u.refs) > 0 && (u.origin != "" || s.Credentials == helper)
}

func (s Service) signingKey() string { return s.SigningKey }

func (s Service) root() string { return s.Root }

func (c *Config) any(is func(Service) bool) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(c.Services)), is)
}

// names reports whether a service of c may be where that one is: the service of
// that name is, or, when it says nothing of it, any other. A name that the user has
// given leads to nothing else of theirs.
func (c *Config) names(name string, path func(Service) string, want string) bool {
	if mine := path(c.Services[name]); mine != "" {
		return mine == want
	}
	return c.any(func(s Service) bool { return path(s) == want })
}

func (c *Config) use(s Service) use {
	u := use{kind: s.Kind, origin: origin(s.URL)}
	for _, ref := range []string{c.tokenRef(s.Token), c.tokenRef(s.Refresh)} {
		if ref != "" {
			u.refs = append(u.refs, ref)
		}
	}
	if strings.HasPrefix(s.User, "env:") {
		u.refs = append(u.refs, s.User)
	}
	if s.Credentials == netrc || s.Credentials == helper {
		u.refs = append(u.refs, s.Credentials)
		if s.User != "" && !strings.HasPrefix(s.User, "env:") && u.origin != "" { // it chooses among those of the host
			u.refs = append(u.refs, "user:"+s.User)
		}
	}
	return u
}

// tokenRef names a credential: a file by its path from the root.
func (c *Config) tokenRef(ref string) string {
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		return "file:" + c.relative(path)
	}
	return ref
}

// covers reports whether u sends the credentials of the other to the same place.
func (u use) covers(other use) bool {
	return u.kind == other.kind && u.origin == other.origin &&
		!slices.ContainsFunc(other.refs, func(ref string) bool { return !slices.Contains(u.refs, ref) })
}

// origin returns the scheme, host and port of a url in one spelling, or "".
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	name, port := split(HostOf(u))
	return u.Scheme + "://" + name + ":" + port
}

// where is a url with its path, in one spelling.
func where(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return origin(text) + strings.TrimRight(u.EscapedPath(), "/")
}

// Foreign reports whether only a file that merely lay in the working directory
// says where a service is. Such a one is not asked anything.
func (c *Config) Foreign(service string) bool { return c.foreign[service] }
