package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// FileName is what configurations are called.
const FileName = "skillrun.yaml"

// Options says where to look and hands in what is outside.
type Options struct {
	Explicit string // --config; "" when it is not given
	Dir      string // the working directory
	UserDir  string // the user's configuration folder; "" when there is none
	ReadFile func(path string) ([]byte, error)
	Env      func(name string) (string, bool)
	// Stat is asked whether others can read a netrc file; nil is [os.Stat].
	Stat func(path string) (fs.FileInfo, error)
}

// world is what credentials are looked up in.
type world struct {
	readFile func(string) ([]byte, error)
	env      func(string) (string, bool)
	stat     func(string) (fs.FileInfo, error)
}

func (o Options) world() world {
	w := world{o.ReadFile, o.Env, o.Stat}
	if w.stat == nil {
		w.stat = os.Stat
	}
	return w
}

// Load finds the configuration and reads it: the file given, else the one in
// the working directory, else the user's own. Where there is none, the
// configuration is empty. It is not nil, but must not be used when the list
// has errors.
func Load(o Options) (*Config, diag.List) {
	if o.Explicit != "" {
		path := o.Explicit
		if !filepath.IsAbs(path) {
			path = filepath.Join(o.Dir, path)
		}
		cfg, list, found := o.load(path)
		if !found {
			list.Errorf("no-config", diag.Range{File: path}, "there is no such file").Hint = "check --config"
		}
		return cfg, list
	}
	here, own := filepath.Join(o.Dir, FileName), o.ownPath()
	cfg, list, found := o.load(here)
	switch {
	case found && here != own:
		o.distrust(cfg, &list)
	case !found && own != "":
		cfg, list, _ = o.load(own)
	}
	return cfg, list
}

func (o Options) ownPath() string {
	if o.UserDir == "" {
		return ""
	}
	return filepath.Join(o.UserDir, FileName)
}

// load reads one file and the certificates it names, and looks for its keys.
func (o Options) load(path string) (cfg *Config, list diag.List, found bool) {
	text, err := o.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		cfg, _ = Parse("", nil)
		cfg.world = o.world()
		return cfg, nil, false
	}
	if err != nil {
		list.Errorf("no-config", diag.Range{File: path}, "the file cannot be read: %v", cause(err)).
			Hint = "check its permissions, or name another one with --config"
		return &Config{Path: path}, list, true
	}
	cfg, list = Parse(path, text)
	cfg.world = o.world()
	for _, name := range types.SortedKeys(cfg.Services) {
		s := cfg.signer(cfg.certificates(cfg.Services[name], &list), &list)
		if s.Root != "" {
			s.Root = cfg.relative(s.Root)
		}
		cfg.Services[name] = s
	}
	list.Sort()
	return cfg, list, true
}

// cause takes the path out of an error that says it again.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (c *Config) certificates(s Service, list *diag.List) Service {
	if s.CA == "" {
		return s
	}
	s.CA = c.relative(s.CA)
	data, err := c.world.readFile(s.CA)
	switch {
	case err != nil:
		list.Errorf("bad-ca", s.PlaceOf("ca"), "the certificates of %s cannot be read: %v", s.Name, cause(err)).
			Hint = "the path is taken from the folder of this file"
	case !x509.NewCertPool().AppendCertsFromPEM(data):
		list.Errorf("bad-ca", s.PlaceOf("ca"), "there is no certificate in the file").Hint = "it has to be in PEM form"
	default:
		s.CAData = data
	}
	return s
}

// signer looks whether the key that signs commits is there. It is read when a
// commit is made.
func (c *Config) signer(s Service, list *diag.List) Service {
	if s.SigningKey == "" {
		return s
	}
	s.SigningKey = c.relative(s.SigningKey)
	info, err := c.world.stat(s.SigningKey)
	switch {
	case err != nil:
		list.Errorf("bad-key", s.PlaceOf("signing_key"), "the signing key of %s cannot be read: %v", s.Name, cause(err)).
			Hint = "the path is taken from the folder of this file; ssh-keygen -t ed25519 makes a key"
	case info.IsDir():
		list.Errorf("bad-key", s.PlaceOf("signing_key"), "the signing key of %s is a folder", s.Name).
			Hint = "name the file of an ssh key, such as ~/.ssh/id_ed25519"
	}
	return s
}

// relative returns a path as the configuration means it: from its own folder,
// with ~ for the user's home.
func (c *Config) relative(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, _ := c.world.getenv("HOME"); home != "" {
			return filepath.Join(home, rest)
		}
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(c.Path), path)
}

func (w world) getenv(name string) (string, bool) {
	if w.env == nil {
		return "", false
	}
	return w.env(name)
}

// distrust refuses the services of a file that merely lay in the working
// directory when they would send a credential to where the user's own file
// does not send it.
func (o Options) distrust(cfg *Config, list *diag.List) {
	own := &Config{Policy: Policy{Settle: DefaultSettle}}
	if path := o.ownPath(); path != "" && (cfg.sendsAny() || cfg.usesAny(Service.signingKey) || cfg.usesAny(Service.root) || cfg.Policy.loose()) {
		var problems diag.List
		own, problems, _ = o.load(path)
		*list = append(*list, problems...)
	}
	if cfg.Policy.Confirm == "never" && own.Policy.Confirm != "never" {
		list.Errorf("untrusted-policy", diag.Range{File: cfg.Path}, "only the file in the working directory says that nobody is asked before a write").
			Hint = "say policy: {confirm: never} in your own " + FileName + ", or pass --config ./" + FileName
	}
	if cfg.Policy.Settle < min(own.Policy.Settle, DefaultSettle) {
		list.Errorf("untrusted-policy", diag.Range{File: cfg.Path}, "only the file in the working directory says that a lost request is over after %s", cfg.Policy.Settle).
			Hint = "say policy: {settle: " + cfg.Policy.Settle.String() + "} in your own " + FileName + ", or pass --config ./" + FileName
	}
	for _, name := range types.SortedKeys(cfg.Services) {
		s := cfg.Services[name]
		if u := cfg.use(s); u.sends() && !own.approves(u) {
			list.Errorf("untrusted-host", s.PlaceOf("url"), "%s may not send its credential to %s: only the file in the working directory says so", name, u.origin).
				Hint = o.trustHint(s)
		}
		if s.Root != "" && !own.names(Service.root, s.Root) {
			list.Errorf("untrusted-root", s.PlaceOf("root"), "%s may not reach into %s: only the file in the working directory says so", name, s.Root).
				Hint = "name the folder in your own " + FileName + " too, or pass --config ./" + FileName
		}
		if s.SigningKey != "" && !own.names(Service.signingKey, s.SigningKey) {
			list.Errorf("untrusted-key", s.PlaceOf("signing_key"), "%s may not sign with %s: only the file in the working directory says so", name, s.SigningKey).
				Hint = "name the key in your own " + FileName + " too, or pass --config ./" + FileName
		}
	}
	list.Sort()
}

func (o Options) trustHint(s Service) string {
	add := "give your own " + FileName
	if path := o.ownPath(); path != "" {
		add = "give " + path
	}
	return fmt.Sprintf("%s a %s service with this url and the same credential, or pass --config ./%s", add, s.Kind, FileName)
}

// use is what a service does with a credential.
type use struct {
	kind, origin string
	refs         []string // the credentials it sends, as absolute references
}

func (u use) sends() bool { return u.origin != "" && len(u.refs) > 0 }

func (c *Config) sendsAny() bool {
	for _, s := range c.Services {
		if c.use(s).sends() {
			return true
		}
	}
	return false
}

func (s Service) signingKey() string { return s.SigningKey }

func (s Service) root() string { return s.Root }

// usesAny reports whether a service of c names a file or folder of this machine.
func (c *Config) usesAny(path func(Service) string) bool {
	for _, s := range c.Services {
		if path(s) != "" {
			return true
		}
	}
	return false
}

// names reports whether a service of c names that one.
func (c *Config) names(path func(Service) string, want string) bool {
	for _, s := range c.Services {
		if path(s) == want {
			return true
		}
	}
	return false
}

func (c *Config) use(s Service) use {
	u := use{kind: s.Kind, origin: origin(s.URL)}
	if path, ok := strings.CutPrefix(s.Token, "file:"); ok {
		u.refs = append(u.refs, "file:"+c.relative(path))
	} else if s.Token != "" {
		u.refs = append(u.refs, s.Token)
	}
	if strings.HasPrefix(s.User, "env:") {
		u.refs = append(u.refs, s.User)
	}
	if s.Credentials == netrc || s.Credentials == helper {
		u.refs = append(u.refs, s.Credentials)
		if s.User != "" && !strings.HasPrefix(s.User, "env:") { // it chooses among those of the host
			u.refs = append(u.refs, "user:"+s.User)
		}
	}
	return u
}

// approves reports whether a service of c sends the same credentials to the
// same place.
func (c *Config) approves(u use) bool {
	for _, s := range c.Services {
		mine := c.use(s)
		if mine.kind == u.kind && mine.origin == u.origin && subset(u.refs, mine.refs) {
			return true
		}
	}
	return false
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// origin returns the scheme, host and port of a url in one spelling, or "".
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) + ":" + port
}
