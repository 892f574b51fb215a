// Package config reads skillrun.yaml: which services there are, what their
// credentials are called, the values that skills declare under config, and how
// careful to be.
//
// # Where credentials come from
//
// The file names credentials and never holds one. It can say
//
//	token: env:GITLAB_TOKEN     a variable of the environment
//	token: file:gitlab.token    a file, from the folder of the configuration; its last line break is cut
//	credentials: netrc          ~/.netrc or $NETRC, only when nobody else can read it, by the host of url
//	credentials: helper         git's own credential helper, asked by the git steps when they need it
//	credentials: none           none, said aloud
//
// Anything else under token is taken for the credential itself and refused
// without showing it: a file that is committed, mailed or pasted into a chat
// must not be one more place to leak from. For the same reason a url holds no
// user or password, and no skill, input or command line can name a credential:
// they name a service. Requests carry a credential to the service's url and
// nowhere else, over https, or http to this very machine.
//
// A credential is looked up when it is needed, by [Config.Token], and is a
// [types.Secret] from then on. [Config.Missing] looks before a run starts, so
// that one that is not there costs no half-done release.
//
// # Whose file it is
//
// A skillrun.yaml in the working directory came with whatever was checked out
// there. It may describe services, but if it alone could say where a
// credential goes, starting the program inside a hostile repository would mail
// the user's tokens to its author. So what it says counts only when the user's
// own file, in the user's configuration folder, names the same credential for
// the same scheme, host and kind of service; or when the user points at the
// file with --config, which is a decision. A default entry of a netrc file
// fits every host and is therefore not used. A credential helper without a url
// needs no such check: git asks it by host, and it answers with what the user
// has stored for that host. A key that signs commits is held to the same: the
// user's own file has to name it too.
//
// Nothing here reads the environment or files on its own: both are handed in
// with [Options].
package config

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
)

// Config is a configuration that was read. The zero Config has no services.
type Config struct {
	Path     string         // of the file; "" when there is none
	Site     string         // journals and locks are per site
	Zone     *time.Location // of dates; the machine's unless the file says otherwise
	Services map[string]Service
	Values   map[string]any            // for every skill that declares the name
	Skills   map[string]map[string]any // skills.NAME.config: wins over Values
	Set      map[string]any            // what was given for this call alone: wins over both
	Policy   Policy

	Hints      []Hint    // what is known of failures
	HintsPath  string    // of the file; "" when there is none
	HintsWrong diag.List // what is wrong with it

	kinds  []step.ServiceKind
	mask   *mask.Mask
	places map[string]diag.Range // of "policy.NAME", "config.NAME" and "skills.SKILL.config.NAME"
	world  world
	// foreign are the services whose place only a file says that merely lay in the
	// working directory.
	foreign map[string]bool
}

// Policy is how careful to be.
type Policy struct {
	// Confirm says whether a person is asked before the first write: "always",
	// "never", or "" for what fits the surface.
	Confirm string
	// Settle is how long a request whose answer was lost may still take effect,
	// where the service would not refuse a second one.
	Settle time.Duration
	// Exec are the programs that skills may run: names as they are found in PATH,
	// or absolute paths. Nil is any, but none that runs text.
	Exec []string
	// Hosts are the hosts that skills may reach; nil is any. See [Policy.Admits].
	Hosts []string
}

// loose reports whether the policy is less careful than the default.
func (p Policy) loose() bool { return p.Confirm == "never" || p.Settle < DefaultSettle }

// DefaultSettle is the [Policy]'s Settle of a file that says nothing: longer
// than the gateways in front of services let a request live.
const DefaultSettle = time.Minute

// maxSettle keeps a mistyped unit from stopping every run for a day.
const maxSettle = time.Hour

// Service is one instance of a family: where it is and who we are there.
type Service struct {
	Name       string
	Kind       string // the family; the name unless the file says otherwise
	URL        string // without a slash at its end; may be ""
	Deployment string // cloud, datacenter or ""
	API        string // quay, oci or ""
	// User is a user name, or env:NAME for one; [Config.User] looks it up.
	User string
	// Token names the credential: env:NAME, file:PATH or "";
	// [Config.Token] looks it up.
	Token string
	// Credentials is helper, netrc, none, or "".
	Credentials string
	CA          string        // the path of a file of certificates, or ""
	CAData      []byte        // its content, checked; set by Load
	Timeout     time.Duration // of one request; 0: the family's own
	Author      string        // of commits: "Name <mail>", or ""
	Committer   string        // of commits, as Author; "" is the author
	SignOff     bool          // whether commits are signed off
	// SigningKey is the path of the ssh key that signs commits, or "". It is read
	// here only to know what is to be masked.
	SigningKey string
	Header     string // in which an http service wants the token; "" is Authorization
	// TokenURL is where an http service gets access tokens, by OAuth 2; "" is nowhere.
	// User and Token are then the client's.
	TokenURL string
	// Command is the program of an mcp service and its arguments, or nil; PassEnv are
	// the variables that it gets of the environment, and SecretEnv those that are
	// credentials, by where they are; see [Config.Environment].
	Command   []string
	PassEnv   []string
	SecretEnv map[string]string
	// Refresh names the refresh token for it: env:NAME, file:PATH or "";
	// [Config.RefreshToken] looks it up.
	Refresh string
	Scope   string   // of the access tokens
	Queries []string // of an http service: the paths at which a POST only reads; a * is any one part
	Root    string   // the folder of a files service, or ""

	Place  diag.Range // of its name in the file
	places map[string]diag.Range
	texts  map[string]string // what it says, of members that are a text
}

// Env looks up a variable of the environment that the program was given. A
// configuration that was only parsed has none.
func (c *Config) Env(name string) (string, bool) { return c.world.getenv(name) }

// PlaceOf returns where the service says key, or where its name stands.
func (s Service) PlaceOf(key string) diag.Range {
	if at, ok := s.places[key]; ok {
		return at
	}
	return s.Place
}

// ValuesFor returns the config values for a skill.
func (c *Config) ValuesFor(skill string) map[string]any {
	values := make(map[string]any, len(c.Values))
	maps.Copy(values, c.Values)
	maps.Copy(values, c.Skills[skill])
	maps.Copy(values, c.Set)
	return values
}

// PlaceOf returns where the value stands that [Config.ValuesFor] gives for a
// name, and the file where there is none.
func (c *Config) PlaceOf(skill, name string) diag.Range {
	if _, ok := c.Set[name]; ok {
		return diag.Range{File: "--set " + name}
	}
	for _, path := range []string{"skills." + skill + ".config." + name, "config." + name} {
		if at, ok := c.places[path]; ok {
			return at
		}
	}
	return c.file()
}

// Reaches describes a service by where it is and as whom it is asked: a run is
// bound to that, and so to where a link leads. How it gets there (a certificate, a time-out, which credential)
// may change while a run waits.
func (c *Config) Reaches(name string) string {
	s, ok := c.Services[name]
	if !ok {
		return "not configured"
	}
	root := s.Root
	if real, err := filepath.EvalSymlinks(root); root != "" && err == nil {
		root = real
	}
	parts := []string{cmp.Or(where(s.URL), root, strings.Join(s.Command, " "), "no url"), s.Kind, s.Deployment, s.API}
	if s.User != "" {
		parts = append(parts, "as "+s.User)
	}
	if s.TokenURL != "" {
		parts = append(parts, "with tokens of "+where(s.TokenURL))
	}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// file is the place of what is missing.
func (c *Config) file() diag.Range { return diag.Range{File: cmp.Or(c.Path, FileName)} }

// FileName is what configurations are called.
const FileName = "skillrun.yaml"
