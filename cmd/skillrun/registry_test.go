package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// registry is a real registry of images, over https with a certificate that it
// signed itself, for one user.
type registry struct {
	t        *testing.T
	url, dir string
	web      *http.Client
}

const (
	robot, robotToken = "team+robot", "robot-token"
	imageRepository   = "redhat-services-prod/aap-aa-tenant/aap-aa-main/automation-analytics-backend-main"
)

func newRegistry(t *testing.T) *registry {
	t.Helper()
	binary, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("no docker-registry binary")
	}
	r := &registry{t: t, dir: t.TempDir()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // it listens by itself, and cannot say where
	r.url = "https://" + addr
	pool := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.certify(), MinVersion: tls.VersionTLS12}}
	t.Cleanup(pool.CloseIdleConnections)
	r.web = &http.Client{Transport: pool}
	hash, err := bcrypt.GenerateFromPassword([]byte(robotToken), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	r.write("htpasswd", []byte(robot+":"+string(hash)+"\n"))
	r.write("config.yml", fmt.Appendf(nil, `version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: %[1]s/data}}
auth: {htpasswd: {realm: test, path: %[1]s/htpasswd}}
http: {addr: %[2]q, tls: {certificate: %[1]s/cert.pem, key: %[1]s/key.pem}}
`, r.dir, addr))
	r.start(binary, addr)
	return r
}

func (r *registry) write(name string, data []byte) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// certify makes the registry's certificate.
func (r *registry) certify() *x509.CertPool {
	r.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		r.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		r.t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	r.write("cert.pem", certificate)
	r.write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return pool
}

// start runs the registry until the test ends, and waits until it listens.
func (r *registry) start(binary, addr string) {
	r.t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(binary, "serve", filepath.Join(r.dir, "config.yml"))
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait() // it is killed
		close(ended)
	}()
	r.t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	for {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-ended:
			r.t.Fatalf("the registry ended: %s", log.String())
		case <-r.t.Context().Done():
			r.t.Fatal("the registry does not listen")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// push puts an image under a tag.
func (r *registry) push(tag string) (digest string) {
	r.t.Helper()
	config := []byte(`{"architecture":"amd64","os":"linux","created":"2026-01-14T08:00:00Z","rootfs":{"type":"layers","diff_ids":[]}}`)
	layer := []byte("a layer")
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},`+
		`"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":%q,"size":%d}]}`,
		r.blob(config), len(config), r.blob(layer), len(layer))
	r.send(http.MethodPut, r.url+"/v2/"+imageRepository+"/manifests/"+tag, "application/vnd.oci.image.manifest.v1+json", manifest, http.StatusCreated)
	return digestOf(manifest)
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func (r *registry) blob(data []byte) (digest string) {
	r.t.Helper()
	begun := r.send(http.MethodPost, r.url+"/v2/"+imageRepository+"/blobs/uploads/", "", nil, http.StatusAccepted)
	to, err := begun.Location()
	if err != nil {
		r.t.Fatal(err)
	}
	query := to.Query()
	query.Set("digest", digestOf(data))
	to.RawQuery = query.Encode()
	r.send(http.MethodPut, to.String(), "application/octet-stream", data, http.StatusCreated)
	return digestOf(data)
}

func (r *registry) send(method, url, kind string, body []byte, want int) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.SetBasicAuth(robot, robotToken)
	req.Header.Set("Content-Type", kind)
	resp, err := r.web.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != want {
		r.t.Fatalf("%s %s: %s %s", method, url, resp.Status, text)
	}
	return resp
}

// TestRealRegistry: the release's image is in a registry that is no stand-in.
func TestRealRegistry(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	b := newNetwork(t, sandbox.Options{TLS: true, Deployment: "datacenter"})
	digest := r.push(b.world.Fixtures().ReleaseSHA)
	b.service("quay", "{url: "+r.url+", api: oci, user: "+robot+", token: file:tokens/quay, ca: "+r.dir+"/cert.pem}")
	b.release(b.sha()).want(t, 1, `\[auth\]`) // with the world's token, which is none here
	if err := os.WriteFile(b.file("tokens/robot"), []byte(robotToken), 0o600); err != nil {
		t.Fatal(err)
	}
	b.configure("file:tokens/quay", "file:tokens/robot")
	b.release("commit_sha="+b.world.Fixtures().NoImageSHA).want(t, 1, "Build first")
	b.wroteNothing()
	result := b.release(b.sha(), "--output json")
	b.released(b.release(b.sha()))
	for _, s := range result.json(t).Steps {
		if s.ID == "image" && s.Result["digest"] != digest {
			t.Errorf("the image is %v, want %s", s.Result, digest)
		}
	}
}

// service replaces what the configuration says of a service.
func (b *bench) service(name, as string) {
	b.t.Helper()
	text, err := os.ReadFile(b.conf)
	if err != nil {
		b.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "  "+name+": {") {
			b.configure(line, "  "+name+": "+as+"\n")
			return
		}
	}
	b.t.Fatalf("there is no service %s in\n%s", name, text)
}
