package steps

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/skillrun/skillrun/engine/types"
)

// proxies returns what [http.Transport] asks for the proxy of a request, by
// the environment that the program was given, in upper or lower case; the
// lower case wins, as curl has it. This machine is reached without.
func proxies(env func(string) (string, bool)) (func(*http.Request) (*url.URL, error), error) {
	value := func(lower, upper string) string {
		l, _ := env(lower)
		u, _ := env(upper)
		return cmp.Or(l, u)
	}
	c := &httpproxy.Config{
		HTTPProxy:  value("http_proxy", "HTTP_PROXY"),
		HTTPSProxy: value("https_proxy", "HTTPS_PROXY"),
		NoProxy:    value("no_proxy", "NO_PROXY"),
	}
	for _, v := range [][2]string{{"HTTPS_PROXY", c.HTTPSProxy}, {"HTTP_PROXY", c.HTTPProxy}} {
		if !isProxy(v[1]) {
			return nil, types.Errorf(types.BadInput, "the variable %s is not the address of a proxy; it is not shown here", v[0]).
				WithHint("write it as http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with signs such as @ and / in the password as %%40 and %%2F")
		}
	}
	find := c.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) { return find(req.URL) }, nil
}

// isProxy checks the address of a proxy against what net/http can use. Without
// this a mistyped one would be taken for none, and its host be asked directly.
func isProxy(address string) bool {
	if address == "" {
		return true // none
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}
