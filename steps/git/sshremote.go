package git

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/skillrun/skillrun/engine/types"
)

// sshSchemes are those of git-clone's "GIT URLS", and the older ones of connect.c.
var sshSchemes = []string{"ssh", "git+ssh", "ssh+git"}

// scpLike is HOST:PATH as scp writes it, with or without a user; in brackets
// stands an address that has colons, or all that is before the path, with a
// port. The path is no flag, and two colons name a program to git.
var scpLike = types.Pattern(`^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?(\[[^\]/]+\]|[A-Za-z0-9][A-Za-z0-9_.-]*):([^:-].*)$`)

// bracketed is what may stand in the brackets.
var bracketed = types.Pattern(`^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?([A-Za-z0-9][A-Za-z0-9_.-]*|[0-9A-Fa-f:.%]+:[0-9A-Fa-f:.]*)(?::([0-9]{1,5}))?$`)

// noHosts are words before a colon that begin a URL, with or without slashes.
var noHosts = append([]string{"http", "https", "git", "file", "ftp", "ftps"}, sshSchemes...)

// sshRemote takes a remote that is reached through ssh apart, as git does; nil
// for any other. A path that begins with ~ is below a home folder there.
func sshRemote(remote string) *transport.Endpoint {
	if strings.ContainsFunc(remote, unicode.IsControl) {
		return nil
	}
	if u, err := url.Parse(remote); err == nil && slices.Contains(sshSchemes, u.Scheme) && u.Host != "" {
		port, _ := strconv.Atoi(u.Port())
		return sshEndpoint(u.User.Username(), u.Hostname(), port, u.Path)
	}
	m := scpLike().FindStringSubmatch(remote)
	if m == nil || slices.Contains(noHosts, m[2]) || strings.HasPrefix(m[3], "//") {
		return nil
	}
	user, host, port, path := m[1], m[2], "", m[3]
	if inner, ok := strings.CutPrefix(host, "["); ok {
		b := bracketed().FindStringSubmatch(strings.TrimSuffix(inner, "]"))
		if b == nil {
			return nil
		}
		user, host, port = cmp.Or(user, b[1]), b[2], b[3]
	}
	n, _ := strconv.Atoi(port)
	return sshEndpoint(user, host, n, path)
}

func sshEndpoint(user, host string, port int, path string) *transport.Endpoint {
	if strings.HasPrefix(path, "/~") {
		path = path[1:]
	}
	return &transport.Endpoint{Protocol: "ssh", User: user, Host: host, Port: port, Path: path}
}
