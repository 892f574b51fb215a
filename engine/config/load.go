package config

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Options says where to look and hands in what is outside.
type Options struct {
	Explicit string // --config; "" when it is not given
	Dir      string // the working directory
	UserDir  string // the user's configuration folder; "" when there is none
	ReadFile func(path string) ([]byte, error)
	Env      func(name string) (string, bool)
	// Trusted says that the user trusts the working directory: what its file says
	// counts as if it were pointed at.
	Trusted bool
	Kinds   []step.ServiceKind // of services, as the families declare them
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
	cfg, list := o.choose()
	cfg.barred(&list)
	return cfg, list
}

// choose reads the file that counts.
func (o Options) choose() (*Config, diag.List) {
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
	case found && here != own && !o.Trusted:
		cfg.Hints, cfg.HintsPath, cfg.HintsWrong = nil, "", nil // what to do is said by whom the user trusts
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
	if found = !errors.Is(err, fs.ErrNotExist); !found {
		path, text = "", nil
	} else if err != nil {
		list.Errorf("no-config", diag.Range{File: path}, "the file cannot be read: %v", cause(err)).
			Hint = "check its permissions, or name another one with --config"
		return &Config{Path: path}, list, true
	}
	cfg, list = Parse(path, text, o.Kinds)
	cfg.place(o.world())
	cfg.hints()
	for _, name := range types.SortedKeys(cfg.Services) {
		s := cfg.signer(cfg.certificates(cfg.Services[name], &list), &list)
		if s.Root != "" {
			s.Root = cfg.relative(s.Root)
		}
		cfg.Services[name] = s
	}
	cfg.mask = mask.New(cfg.secrets()...)
	list.Sort()
	return cfg, list, found
}

// place says in which world the configuration is. The machine's time zone is told by
// its name, so that a run keeps it wherever it continues.
func (c *Config) place(w world) {
	if c.world = w; c.Zone != time.Local {
		return
	}
	name, set := w.getenv("TZ")
	if !set {
		var err error
		if name, err = filepath.EvalSymlinks("/etc/localtime"); errors.Is(err, fs.ErrNotExist) {
			name = "UTC"
		}
	}
	name = strings.TrimPrefix(name, ":")
	if _, below, found := strings.Cut(name, "zoneinfo/"); found {
		name = below
	}
	if zone, err := time.LoadLocation(name); err == nil && (name != "" || set) {
		c.Zone = zone
	}
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

// signer looks whether the key that signs commits is there.
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
