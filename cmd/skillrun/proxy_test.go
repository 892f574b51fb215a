package main

import (
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// connectProxy is a proxy that tunnels to the names it knows, and to nothing
// else. It wants the user bot with the password p@ss.
type connectProxy struct {
	*httptest.Server
	names map[string]string // host -> address

	mu      sync.Mutex
	asked   map[string]int // host and port -> how often
	refused int            // for want of a credential
}

func newProxy(t *testing.T, names map[string]string) *connectProxy {
	p := &connectProxy{names: names, asked: map[string]int{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// newTLSProxy is a proxy that is itself reached over https.
func newTLSProxy(t *testing.T, names map[string]string) *connectProxy {
	p := &connectProxy{names: names, asked: map[string]int{}}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not trust it
	p.StartTLS()
	t.Cleanup(p.Close)
	return p
}

// ServeHTTP opens a tunnel.
func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Basic credentials are read from another header here.
	user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
	host, _, _ := net.SplitHostPort(r.Host)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch to := p.names[host]; {
	case r.Method != http.MethodConnect:
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
	case user != "bot" || password != "p@ss":
		p.refused++
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
	case to == "":
		w.WriteHeader(http.StatusForbidden)
	default:
		p.asked[r.Host]++
		tunnel(w, to)
	}
}

func tunnel(w http.ResponseWriter, to string) {
	server, err := net.Dial("tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	client, ahead, err := http.NewResponseController(w).Hijack()
	if err != nil {
		server.Close()
		return
	}
	pipe := func(to io.WriteCloser, from io.Reader) {
		io.Copy(to, from) // ends when either of them hangs up
		client.Close()
		server.Close()
	}
	io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	go pipe(server, ahead) // which may have read ahead
	go pipe(client, server)
}

// seen is what the proxy was asked for, and how often it refused.
func (p *connectProxy) seen() (asked map[string]int, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.asked), p.refused
}

// address is what HTTPS_PROXY says, with a credential ("user:password@") or
// without.
func (p *connectProxy) address(credential string) string {
	scheme, host, _ := strings.Cut(p.URL, "://")
	return scheme + "://" + credential + host
}

const proxyUser = "bot:p%40ss@"

// TestProxy: the services have names that only the proxy can resolve.
func TestProxy(t *testing.T) {
	t.Parallel()
	b := newNetwork(t, sandbox.Options{TLS: true, Host: "world.test", Deployment: "datacenter", Registry: "oci"})
	proxy := newProxy(t, map[string]string{"world.test": b.world.Addr()})
	b.env["https_proxy"] = proxy.address(proxyUser)
	b.released(b.release(b.sha()))
	_, port, _ := net.SplitHostPort(b.world.Addr())
	if asked, refused := proxy.seen(); asked["world.test:"+port] == 0 || len(asked) != 1 || refused != 0 {
		t.Errorf("the proxy was asked for %v, and refused %d", asked, refused)
	}
}

// TestProxyOverTLS: the proxy's own certificate is one of those in ca.
func TestProxyOverTLS(t *testing.T) {
	t.Parallel()
	b := newNetwork(t, sandbox.Options{TLS: true, Host: "world.test"})
	proxy := newTLSProxy(t, map[string]string{"world.test": b.world.Addr()})
	b.env["HTTPS_PROXY"] = proxy.address(proxyUser)
	b.release(b.sha()).want(t, 1, `\[network\]`)
	if asked, _ := proxy.seen(); len(asked) != 0 {
		t.Errorf("a proxy that is not trusted was asked for %v", asked)
	}
	ca, err := os.ReadFile(b.file("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca = append(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})...)
	if err := os.WriteFile(b.file("both.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	b.configure("ca: ca.pem", "ca: both.pem")
	b.released(b.release(b.sha()))
	if asked, _ := proxy.seen(); len(asked) != 1 {
		t.Errorf("the proxy was asked for %v", asked)
	}
}

// TestProxyTroubles: each has a message of its own, and nothing is written.
func TestProxyTroubles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		address func(p *connectProxy) string
		known   string
		exit    int
		want    []string
	}{
		"no credential": {
			func(p *connectProxy) string { return p.address("") }, "world.test", 1,
			[]string{`the proxy 127\.0\.0\.1:\d+ answered 407`, `HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT`, `\[network\]`},
		},
		"wrong credential": {func(p *connectProxy) string { return p.address("bot:x@") }, "world.test", 1, []string{`answered 407`}},
		"unknown to it":    {func(p *connectProxy) string { return p.address(proxyUser) }, "other.test", 1, []string{`answered 403`, `NO_PROXY`}},
		"down": {
			func(p *connectProxy) string { p.Close(); return p.address(proxyUser) }, "world.test", 1,
			[]string{`\[network\]`, `check HTTPS_PROXY: the proxy itself cannot be reached`},
		},
		"no address": {func(p *connectProxy) string { return p.address("bot:p/ss@") }, "world.test", 2, []string{`HTTPS_PROXY is not the address of a proxy`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newNetwork(t, sandbox.Options{TLS: true, Host: "world.test"})
			b.env["HTTPS_PROXY"] = tt.address(newProxy(t, map[string]string{tt.known: b.world.Addr()}))
			r := b.release(b.sha())
			r.want(t, tt.exit, tt.want...)
			if said := r.out + r.log; strings.Contains(said, "p%40ss") || strings.Contains(said, "p@ss") || strings.Contains(said, "p/ss") {
				t.Errorf("the password of the proxy was shown:\n%s", said)
			}
			if got := b.state().Requests; len(got) != 0 {
				t.Errorf("it was asked: %v", got)
			}
		})
	}
}

// TestNoProxy: a host that NO_PROXY names is reached without one. Its name is
// that of this machine in capitals: written small, no proxy would be asked
// anyway.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	for _, except := range []string{"", "other.test,localhost"} {
		b := newNetwork(t, sandbox.Options{TLS: true, Host: "LOCALHOST"})
		proxy := newProxy(t, map[string]string{"LOCALHOST": b.world.Addr()})
		b.env["HTTPS_PROXY"], b.env["NO_PROXY"] = proxy.address(proxyUser), except
		b.released(b.release(b.sha()))
		if asked, _ := proxy.seen(); (len(asked) == 0) != (except != "") {
			t.Errorf("NO_PROXY=%s: the proxy was asked for %v", except, asked)
		}
	}
}
