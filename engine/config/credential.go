package config

import (
	"errors"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/types"
)

// What credentials: can say.
const (
	helper = "helper"
	netrc  = "netrc"
	none   = "none"
)

// Token looks up a service's credential. It is zero where the service is
// configured without one, and where git's helper is to be asked for it.
func (c *Config) Token(name string) (types.Secret, error) {
	s, ok := c.Services[name]
	if !ok {
		return types.Secret{}, c.noService(name)
	}
	_, secret, err := c.credential(s)
	return secret, err
}

// Mask hides the credentials of the services, and those of the proxies, wherever
// they come back. It is nil before [Load].
func (c *Config) Mask() *mask.Mask { return c.mask }

func (c *Config) secrets() []types.Secret {
	var out []types.Secret
	for _, name := range types.SortedKeys(c.Services) {
		s := c.Services[name]
		if _, secret, err := c.credential(s); err == nil {
			out = append(out, secret)
		}
		if refresh, err := c.at(s.Refresh, s); err == nil {
			out = append(out, refresh)
		}
		out = append(out, slices.Concat(c.unusable(s.Token), c.unusable(s.Refresh))...)
		for _, v := range types.SortedKeys(s.SecretEnv) {
			out = append(out, c.unusable(s.SecretEnv[v])...)
		}
		if s.SigningKey != "" {
			out = append(out, c.privateKey(s.SigningKey))
		}
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		text, _ := c.world.getenv(name)
		if u, err := url.Parse(text); err == nil && u.User != nil {
			password, _ := u.User.Password()
			out = append(out, types.NewSecret(password))
		}
	}
	return out
}

// unusable are the lines of what a service's token names, which no request can
// carry when they are several: a program can print them all the same.
func (c *Config) unusable(ref string) (lines []types.Secret) {
	var text string
	switch how, what, _ := strings.Cut(ref, ":"); how {
	case "env":
		text, _ = c.world.getenv(what)
	case "file":
		data, _ := c.read(c.relative(what))
		text = string(data)
	}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < ' ' }) {
		lines = append(lines, types.NewSecret(line))
	}
	return lines
}

// privateKey is what is secret of a PEM file, in one line; zero for nothing.
func (c *Config) privateKey(path string) types.Secret {
	text, _ := c.read(path)
	_, body, _ := strings.Cut(string(text), " PRIVATE KEY-----")
	body, _, _ = strings.Cut(body, "-----")
	return types.NewSecret(strings.Join(strings.Fields(body), ""))
}

// Environment are the variables of the program of an mcp service: PATH, those that are
// passed on as far as they are set, and the credentials. The error is of the first that
// cannot be had.
func (c *Config) Environment(name string) (map[string]string, error) {
	s, out := c.Services[name], map[string]string{}
	for _, v := range append([]string{"PATH"}, s.PassEnv...) {
		if text, ok := c.world.getenv(v); ok {
			out[v] = text
		}
	}
	for _, v := range types.SortedKeys(s.SecretEnv) {
		secret, err := c.at(s.SecretEnv[v], s)
		if err != nil {
			return nil, err
		}
		out[v] = secret.Reveal()
	}
	return out, nil
}

// User looks up who we are at a service: its user, else the login that its
// netrc entry gives, else "".
func (c *Config) User(name string) (string, error) {
	s, ok := c.Services[name]
	if !ok {
		return "", c.noService(name)
	}
	if s.User == "" && s.Credentials == netrc {
		login, _, err := c.credential(s)
		return login, err
	}
	return c.named(s)
}

// named is the user that a service names, "" when it names none. It may stand in
// a line of a protocol.
func (c *Config) named(s Service) (string, error) {
	if variable, ok := strings.CutPrefix(s.User, "env:"); ok {
		return c.variable(variable, "the user", s)
	}
	return oneLine(s.User, "the user", s)
}

func report(list *diag.List, at diag.Range, err error) {
	e := types.AsError(err)
	list.Errorf("no-credential", at, "%s", e.Message).Hint = e.Hint
}

func (s Service) credentialPlace() diag.Range {
	if s.Token == "" {
		return s.PlaceOf("credentials")
	}
	return s.PlaceOf("token")
}

func (c *Config) noService(name string) *types.Error {
	if secret, ok := strings.CutPrefix(name, types.SitePrefix); ok {
		return types.Errorf(types.Auth, "the secret %s is not configured", secret).WithHint("%s", c.secretHint(secret))
	}
	return types.Errorf(types.Auth, "the service %s is not configured", name).WithHint("add it under services: in %s", c.file().File)
}

func (c *Config) credential(s Service) (login string, secret types.Secret, err error) {
	if s.Token == "" && s.Credentials == netrc {
		login, text, err := c.netrc(s)
		return login, types.NewSecret(text), err
	}
	secret, err = c.at(s.Token, s)
	return "", secret, err
}

// at looks up the credential of a service that is at one place, zero for none.
func (c *Config) at(ref string, s Service) (types.Secret, error) {
	var text string
	var err error
	switch how, what, _ := strings.Cut(ref, ":"); how {
	case "env":
		text, err = c.variable(what, "the credential", s)
	case "file":
		text, err = c.secretFile(c.relative(what), s)
	}
	return types.NewSecret(text), err
}

// RefreshToken looks up a service's refresh token, zero for one that has none.
func (c *Config) RefreshToken(name string) (types.Secret, error) {
	s, ok := c.Services[name]
	if !ok {
		return types.Secret{}, c.noService(name)
	}
	return c.at(s.Refresh, s)
}

func (c *Config) variable(name, what string, s Service) (string, error) {
	text, ok := c.world.getenv(name)
	if !ok || text == "" {
		state := "is not set"
		if ok {
			state = "is empty"
		}
		return "", types.Errorf(types.Auth, "the variable %s, %s of %s, %s", name, what, s.Name, state).
			WithHint("set %s, or change %s", name, c.Path)
	}
	return oneLine(text, "the variable "+name, s)
}

func (c *Config) secretFile(path string, s Service) (string, error) {
	data, err := c.read(path)
	if err != nil {
		return "", types.Errorf(types.Auth, "the file %s, the credential of %s, cannot be read: %w", path, s.Name, cause(err)).
			WithHint("make the file, or change %s", c.Path)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", types.Errorf(types.Auth, "the file %s, the credential of %s, is empty", path, s.Name).
			WithHint("put the credential into it, as its only line, or change %s", c.Path)
	}
	return oneLine(text, "the file "+path, s)
}

// oneLine refuses what no request can carry, without showing it.
func oneLine(text, where string, s Service) (string, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", types.Errorf(types.Auth, "%s, for %s, holds a line break or a control character", where, s.Name).
			WithHint("it has to be a single line")
	}
	return text, nil
}

func (c *Config) read(path string) ([]byte, error) {
	if c.world.readFile == nil {
		return nil, fs.ErrNotExist
	}
	return c.world.readFile(path)
}

func (c *Config) netrc(s Service) (login, password string, err error) {
	path, ok := c.netrcPath()
	if !ok {
		return "", "", types.Errorf(types.Auth, "there is no netrc file for %s: neither NETRC nor HOME is set", s.Name).
			WithHint("set one of them, or name the credential with token: in %s", c.Path)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", "", types.Errorf(types.Auth, "%s has an invalid URL", s.Name).
			WithHint("write it as https://host/path in %s", c.Path)
	}
	data, err := c.private(path)
	if err != nil {
		return "", "", err.(*types.Error).WithHint("%s takes its credential from there: see %s", s.Name, c.Path)
	}
	user, err := c.named(s)
	if err != nil {
		return "", "", err
	}
	e, ok, err := lookupNetrc(string(data), u.Hostname(), user)
	switch {
	case err != nil:
		return "", "", types.Errorf(types.Auth, "the file %s does not read as a netrc file: %w", path, err).
			WithHint("end the quoted word with a \", and write a \" or \\ inside of it with a \\ before it; %s takes its credential from there", s.Name)
	case !ok && user != "":
		return "", "", types.Errorf(types.Auth, "the file %s has no password of %s for %s, the host of %s", path, user, u.Hostname(), s.Name).
			WithHint("add a line: machine %s login %s password …; or name another user in %s", u.Hostname(), user, c.Path)
	case !ok:
		return "", "", types.Errorf(types.Auth, "the file %s has no password for %s, the host of %s", path, u.Hostname(), s.Name).
			WithHint("add a line: machine %s login … password …", u.Hostname())
	}
	password, err = oneLine(e.password, "the file "+path, s)
	return e.login, password, err
}

func (c *Config) netrcPath() (string, bool) {
	if path, _ := c.world.getenv("NETRC"); path != "" {
		return path, true
	}
	home, _ := c.world.getenv("HOME")
	return filepath.Join(home, ".netrc"), home != ""
}

// private reads a file that no one else may read.
func (c *Config) private(path string) ([]byte, error) {
	if c.world.stat == nil {
		return nil, types.Errorf(types.Auth, "the file %s cannot be read", path).
			WithHint("name the credential with token: instead of netrc")
	}
	info, err := c.world.stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = errors.New("others may read it; chmod 600 it")
	}
	var data []byte
	if err == nil {
		data, err = c.read(path)
	}
	if err != nil {
		return nil, types.Errorf(types.Auth, "the file %s cannot be used: %w", path, cause(err))
	}
	return data, nil
}
