package config

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

var (
	programPattern = types.Pattern(`^(/[^\x00]+|[A-Za-z0-9][A-Za-z0-9._+-]*)$`)
	hostPattern    = types.Pattern(`^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$`)
)

// Admits says why the policy keeps skills from a host, with or without a port, or
// returns nil.
func (p Policy) Admits(host string) error {
	if p.Hosts == nil || slices.ContainsFunc(p.Hosts, func(h string) bool { return admits(h, host) }) {
		return nil
	}
	name, _ := split(host)
	return types.Errorf(types.Forbidden, "this site does not let skills reach %s", name).
		WithHint("the owner of the site can add it to policy: {hosts: [%s]} in %s", name, FileName)
}

// admits reports whether an entry names a host: itself, or all below a domain.
func admits(entry, host string) bool {
	want, wantPort := split(entry)
	name, port := split(host)
	if wantPort != "" && wantPort != port {
		return false
	}
	if domain, ok := strings.CutPrefix(want, "*."); ok {
		return strings.HasSuffix(name, "."+domain) && !strings.Contains(name, ":") // the zone of an address is no domain
	}
	return name == want
}

// split returns a host in one spelling, and its port, "" when it has none.
func split(host string) (name, port string) {
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), ".")), port
}

// barred reports the services whose host the policy does not allow.
func (c *Config) barred(list *diag.List) {
	for _, name := range types.SortedKeys(c.Services) {
		s := c.Services[name]
		for _, key := range []string{"url", "token_url"} {
			u, err := url.Parse(map[string]string{"url": s.URL, "token_url": s.TokenURL}[key])
			if err != nil || u.Host == "" {
				continue
			}
			if err := c.Policy.Admits(HostOf(u)); err != nil {
				e := types.AsError(err)
				list.Errorf("barred-host", s.PlaceOf(key), "%s: %s", name, e.Message).Hint = e.Hint
			}
		}
	}
}

// HostOf is the host of a url with the port that it is reached at.
func HostOf(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
}

// distrustLists checks the lists of a file in the working directory against those
// of the user's own, which they can only make shorter.
func distrustLists(cfg, own *Config, list *diag.List) {
	for _, of := range []struct {
		key       string
		is        *[]string
		was       []string
		contained func(entry, in string) bool
	}{
		{"exec", &cfg.Policy.Exec, own.Policy.Exec, func(a, b string) bool { return filepath.Clean(a) == filepath.Clean(b) }},
		{"hosts", &cfg.Policy.Hosts, own.Policy.Hosts, func(a, b string) bool { return a == b || !strings.HasPrefix(a, "*.") && admits(b, a) }},
	} {
		if _, said := cfg.places["policy."+of.key]; !said {
			*of.is = of.was
			continue
		}
		if of.was == nil && of.key == "hosts" {
			continue // all hosts are allowed by the user's own; these are fewer
		}
		added := slices.DeleteFunc(slices.Clone(*of.is), func(entry string) bool {
			return slices.ContainsFunc(of.was, func(mine string) bool { return of.contained(entry, mine) })
		})
		if len(added) > 0 {
			list.Errorf("untrusted-policy", cfg.places["policy."+of.key], "only the file in the working directory allows %s under policy.%s", strings.Join(added, ", "), of.key).
				Hint = "set it in your own " + FileName + ", trust the folder with skillrun trust, or pass --config ./" + FileName
		}
	}
}

// Loaded reports whether the configuration is one that a run has, which may be
// empty, and not just none.
func (c *Config) Loaded() bool { return c.world.readFile != nil }
