package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// write puts a file into the sandbox's folder.
func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(b.world.Config()), name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// nobody is an address where no one listens, and no one can while the test runs: the port
// is the client's end of a connection.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Close() })
	return held.LocalAddr().String()
}

// TestDoctorWell: a set-up that is fit to run the release.
func TestDoctorWell(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.run("doctor", "release_aa_backend_prod", "--config", b.conf)
	if r.code != 0 || !strings.HasSuffix(r.out, "\nnothing is wrong; nothing was written\n") || strings.Contains(r.out, "  failed ") {
		t.Errorf("exit %d\n%s%s", r.code, r.out, r.log)
	}
	for _, service := range []string{"git", "gitlab", "jira", "quay"} {
		if !strings.Contains(r.out, "\n"+service+" (http://127.0.0.1:") {
			t.Errorf("nothing about %s:\n%s", service, r.out)
		}
	}
	b.nothingWritten()
}

// nothingWritten: every request was a read, and no file of the user is there.
func (b *bench) nothingWritten() {
	b.t.Helper()
	if w := b.state().writes(); len(w) > 0 {
		b.t.Errorf("doctor sent %v", w)
	}
	for _, dir := range []string{b.home, b.dir} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, e := range entries {
			b.t.Errorf("doctor made %s", filepath.Join(dir, e.Name()))
		}
	}
}

// TestDoctorFaults: what is wrong is named, with its cure, and nothing else is
// called wrong.
func TestDoctorFaults(t *testing.T) {
	t.Parallel()
	tls, oci := sandbox.Options{TLS: true}, sandbox.Options{Registry: "oci"}
	for _, test := range []struct {
		name  string
		world sandbox.Options
		set   func(*bench)
		group string // where it is found
		want  string // part of the message
		cure  string // part of the hint
	}{
		{"wrong GitLab token", sandbox.Options{}, func(b *bench) {
			b.write("wrong", "glpat-wrong")
			b.configure("token: file:tokens/gitlab", "token: file:wrong")
		}, "gitlab", "401", "token"},
		{"wrong Jira token", sandbox.Options{}, func(b *bench) {
			b.write("wrong", "wrong")
			b.configure("token: file:tokens/jira", "token: file:wrong")
		}, "jira", "401 Unauthorized", "token"},
		{"wrong git token", sandbox.Options{}, func(b *bench) {
			b.write("wrong", "wrong")
			b.configure("token: file:tokens/git,", "token: file:wrong,")
		}, "git", "credential", "token"},
		{"credential not there", sandbox.Options{}, func(b *bench) {
			b.configure("token: file:tokens/jira", "token: env:JIRA_TOKEN")
		}, "jira", "the variable JIRA_TOKEN, the credential of jira, is not set", "set JIRA_TOKEN"},
		{"unreachable host", sandbox.Options{}, func(b *bench) {
			b.configure("quay: {url: "+b.world.URL(), "quay: {url: http://"+nobody(b.t))
		}, "quay", "connection refused", "check the service's url"},
		{"missing GitLab project", sandbox.Options{}, func(b *bench) {
			b.configure("gitlab_project: service/app-interface", "gitlab_project: service/app-interfaces")
		}, "gitlab", "service/app-interfaces", ""},
		{"missing Jira project", sandbox.Options{}, func(b *bench) {
			b.configure("jira_project: AAP", "jira_project: NOPE")
		}, "jira", "NOPE", ""},
		{"issue type that the project has not", sandbox.Options{}, func(b *bench) {
			b.configure("jira_project: AAP", "jira_project: AAP\n  jira_issue_type: Saga")
		}, "jira", "Saga", ""},
		{"missing image repository", sandbox.Options{}, func(b *bench) {
			b.configure("automation-analytics-backend-main", "automation-analytics-backend-mein")
		}, "quay", "automation-analytics-backend-mein", ""},
		{"missing git repository", sandbox.Options{}, func(b *bench) {
			b.configure("automation-analytics-backend.git", "automation-analytics-beckend.git")
		}, "git", "automation-analytics-beckend.git", ""},
		{"unknown reviewer", sandbox.Options{}, func(b *bench) {
			b.configure("jira_project: AAP", "jira_project: AAP\n  reviewers: [nobody-we-know]")
		}, "gitlab", "nobody-we-know", ""},
		{"wrong deployment", sandbox.Options{}, func(b *bench) {
			b.configure("deployment: cloud", "deployment: datacenter")
		}, "jira", "", "deployment: cloud"},
		{"clock behind", sandbox.Options{}, func(b *bench) { b.now = b.now.Add(-3 * time.Hour) }, "gitlab", "this machine's clock is 3h0m behind", "timedatectl"},
		{"wrong CA", tls, func(b *bench) {
			other := httptest.NewTLSServer(nil)
			defer other.Close()
			b.write("other.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})))
			b.configure("ca: ca.pem", "ca: other.pem")
		}, "jira", "which is not trusted here", "ca: FILE.pem"},
		{"plain http where https is spoken", tls, func(b *bench) {
			b.configure("quay: {url: https:", "quay: {url: http:")
		}, "quay", "400 Bad Request", ""},
		{"wrong registry password", oci, func(b *bench) {
			b.write("wrong", "wrong")
			b.configure("token: file:tokens/quay", "token: file:wrong")
		}, "quay", "incorrect username or password", "check user and token"},
		{"configuration value missing", sandbox.Options{}, func(b *bench) {
			b.configure("  jira_project: AAP\n", "")
		}, "skill release_aa_backend_prod", "config value jira_project is not set", "set it under config: in skillrun.yaml"},
		{"state folder that others can write", sandbox.Options{}, func(b *bench) {
			b.env["XDG_STATE_HOME"] = b.t.TempDir()
			dir := filepath.Join(b.env["XDG_STATE_HOME"], "skillrun")
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, "site-"+b.world.Site()), 0o700), os.Chmod(dir, 0o777)); err != nil {
				b.t.Fatal(err)
			}
		}, "folders", "can be written by others", "chmod go-w"},
		{"state below a folder that others can write", sandbox.Options{}, func(b *bench) {
			top := b.t.TempDir()
			b.env["XDG_STATE_HOME"] = filepath.Join(top, "a", "state")
			if err := errors.Join(os.MkdirAll(b.env["XDG_STATE_HOME"], 0o700), os.Chmod(top, 0o777)); err != nil {
				b.t.Fatal(err)
			}
		}, "folders", "can be written by others", "chmod go-w"},
		{"state folder in the way", sandbox.Options{}, func(b *bench) {
			b.env["XDG_STATE_HOME"] = filepath.Join(b.t.TempDir(), "state")
			if err := os.WriteFile(b.env["XDG_STATE_HOME"], nil, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}, "folders", "cannot be read: not a directory", "permissions"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newNetwork(t, test.world)
			test.set(b)
			r := b.run("doctor", "release_aa_backend_prod", "--config", b.conf, "--output", "json")
			var got struct {
				OK     bool
				Groups []struct {
					Name     string
					Findings []struct {
						Subject string
						Error   *struct{ Message, Hint string }
					}
				}
			}
			if err := json.Unmarshal([]byte(r.out), &got); err != nil {
				t.Fatalf("exit %d: %v\n%s%s", r.code, err, r.out, r.log)
			}
			var failed []string
			hit := false
			for _, g := range got.Groups {
				for _, f := range g.Findings {
					if f.Error == nil {
						continue
					}
					failed = append(failed, g.Name+": "+f.Subject+": "+f.Error.Message+" ("+f.Error.Hint+")")
					hit = hit || g.Name == test.group && strings.Contains(f.Error.Message, test.want) && f.Error.Hint != "" && strings.Contains(f.Error.Hint, test.cure)
					if f.Error.Hint == "" {
						t.Errorf("no cure for %s", failed[len(failed)-1])
					}
				}
			}
			if !hit || r.code != 1 || got.OK {
				t.Errorf("exit %d; failed:\n%s", r.code, strings.Join(failed, "\n"))
			}
			if !slices.Contains([]string{"clock behind", "wrong deployment", "wrong CA"}, test.name) && len(failed) > 2 {
				t.Errorf("one fault is called many:\n%s", strings.Join(failed, "\n"))
			}
			b.nothingWritten()
		})
	}
}

// TestDoctorRefuses: what cannot be examined at all.
func TestDoctorRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for want, args := range map[string][]string{
		"--output is text or json":       {"doctor", "--output", "events"},
		`no skill is named "release_aa"`: {"doctor", "release_aa", "--config", b.conf},
		"has no input nope":              {"doctor", "release_aa_backend_prod", "--config", b.conf, "--input", "nope=1"},
		"there is no such file":          {"doctor", "--config", "none.yaml"},
		`"b" is an unexpected argument: the command is skillrun doctor`: {"doctor", "a", "b"},
		"there is no configuration: neith":                              {"doctor"},
	} {
		r := b.run(args...)
		code := 2
		if strings.HasPrefix(want, "there is no configuration") {
			code = 1 // it was looked for, which is doctor's work
		}
		if all := r.out + r.log; r.code != code || !strings.Contains(all, want) {
			t.Errorf("%q: exit %d:\n%s", args, r.code, cmp.Diff(want, all))
		}
	}
}
