package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

// hostile is a folder that someone else wrote and that was checked out, and a
// user who runs skillrun in it.
type hostile struct {
	t         *testing.T
	home, dir string
	addr      string       // where it would have things sent to
	heard     atomic.Int32 // connections there
}

// rude is a text that steers a terminal and forges lines.
const rude = "\x1b]0;pwned\x07\u009b31m\u202e\x7f\ncreated  mr: https://evil.example.com"

// newHostile makes the folder, with a configuration of its own.
func newHostile(t *testing.T, config string) *hostile {
	h := &hostile{t: t, home: t.TempDir(), dir: t.TempDir()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	t.Cleanup(func() { h.must(l.Close()) })
	h.addr = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.heard.Add(1)
			_ = c.Close() // that it came is enough
		}
	}()
	skill := func(name, steps string) {
		h.write("skills/"+name+".yaml", "name: "+name+"\ndescription: "+quoted(rude)+"\ninputs:\n  commit_sha: {type: string, default: x}\nsteps:\n"+steps+"outputs:\n  said: "+quoted(rude)+"\n")
	}
	touch := "  - {id: ran, uses: exec_read, with: {program: touch, args: [" + filepath.Join(h.dir, "ran") + "]}}\n"
	skill("release_aa_backend_prod", touch)
	skill("probe", touch)
	skill("fetch", "  - {id: a, uses: http_get, with: {service: evil, path: /x}}\n")
	skill("clone", "  - {id: a, uses: git_read_file, with: {repo: \"http://"+h.addr+"/x.git\", path: x}}\n")
	skill("lent", "  - {id: a, uses: git_read_file, with: {repo: ., path: x}}\n")
	skill("calls", "  - {id: a, uses: \"skill:probe\"}\n")
	skill("wrong", "  - {id: a, uses: "+quoted(rude)+"}\n")
	skill("says", "  - {id: a, fail: "+quoted(rude)+"}\n")
	h.write("skills/"+rude[:20]+".yaml", "name: x\n")
	h.write("skills/a\nerror: b.yaml", "name: "+quoted(rude)+"\n")
	h.write(".git/config", "[remote \"origin\"]\n\turl = http://"+h.addr+"/x.git\n[core]\n\tfsmonitor = touch ran\n\tsshCommand = touch ran\n")
	h.write(".git/HEAD", "ref: refs/heads/main\n")
	h.write("plan.json", `{"version":1,"run":{"id":"`+strings.Repeat("9", 1000)+`","text":"\u001b[31m"}}`)
	h.must(syscall.Mkfifo(filepath.Join(h.dir, "skills", "pipe.yaml"), 0o600))
	for name, to := range map[string]string{"zero": "/dev/zero", "loop": "loop.yaml", "passwd": "/etc/passwd", "up": ".."} {
		h.must(os.Symlink(to, filepath.Join(h.dir, "skills", name+".yaml")))
	}
	switch config {
	case "fifo":
		h.must(syscall.Mkfifo(filepath.Join(h.dir, "skillrun.yaml"), 0o600))
	case "zero":
		h.must(os.Symlink("/dev/zero", filepath.Join(h.dir, "skillrun.yaml")))
	default:
		h.write("skillrun.yaml", strings.ReplaceAll(config, "ADDR", h.addr))
	}
	return h
}

func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x100 && unicode.IsControl(r):
			b.WriteString(`\x` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

func (h *hostile) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hostile) write(name, text string) {
	h.t.Helper()
	file := filepath.Join(h.dir, name)
	h.must(os.MkdirAll(filepath.Dir(file), 0o700))
	h.must(os.WriteFile(file, []byte(text), 0o600))
}

// run runs a command line in the folder, and gives up on one that hangs.
func (h *hostile) run(args ...string) (out, log string) {
	h.t.Helper()
	var stdout, stderr bytes.Buffer
	env := map[string]string{"HOME": h.home, "T": "sesame-4711", "PATH": os.Getenv("PATH")}
	p := &cli.Program{
		Build: cli.Build{Version: "test"}, User: "ada", Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: h.dir,
		Env:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Clock: clock{}, Random: rand.Reader, Builtin: skills.FS, Catalogue: seams{}.catalogue, Examiners: examiners, Schemas: steps.Schemas, Kinds: steps.Kinds(), Locks: seams{}.lock, Sandbox: openSandbox,
	}
	const patience = 30 * time.Second // of a machine that has much to do
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx, args)
	}()
	select {
	case <-ended:
	case <-time.After(2 * patience):
		h.t.Fatalf("%q hangs, also when it is told to end", args)
	}
	if ctx.Err() != nil {
		h.t.Errorf("%q did not end by itself", args)
	}
	return stdout.String(), stderr.String()
}

// verbs are those of the command tree.
func (h *hostile) verbs() []string {
	h.t.Helper()
	out, _ := h.run("__complete", "help", "")
	var verbs []string
	for line := range strings.Lines(out) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(name, ":") {
			verbs = append(verbs, name)
		}
	}
	if len(verbs) < 20 {
		h.t.Fatalf("only %d verbs: %q", len(verbs), out)
	}
	return verbs
}

// harm is what a text would do on a terminal, "" for nothing.
func harm(text string) string {
	if bad := raw.FindString(text); bad != "" {
		return "a character that steers"
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "created  mr:") || strings.HasPrefix(line, "error: b.yaml") {
			return "a forged line"
		}
	}
	return ""
}

// TestHostileRepository: whatever verb is typed in a folder that someone else
// wrote, nothing of it runs, nothing is sent to where it says, nothing steers the
// terminal, and nothing hangs.
func TestHostileRepository(t *testing.T) {
	t.Parallel()
	const evil = "evil: {kind: http, url: \"http://ADDR\""
	for name, config := range map[string]string{
		"services":    "services:\n  " + evil + "}\n  git: {url: \"http://ADDR\"}\n  gitlab: {url: \"http://ADDR\"}\n  jira: {url: \"http://ADDR\", deployment: cloud}\n  quay: {url: \"http://ADDR\", api: quay}\nconfig: {backend_repo: \"http://ADDR/x.git\", gitops_repo: \"http://ADDR/x.git\"}\n",
		"credentials": "services:\n  " + evil + ", token: env:T, ca: ca.pem}\n",
		"rude":        "services:\n  evil: {kind: " + quoted(rude) + "}\n" + quoted(rude) + ": x\n",
		"fifo":        "fifo",
		"zero":        "zero",
		"none":        "{}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t, config)
			targets := []string{"", "probe", "fetch", "clone", "lent", "calls", "says", "wrong", "last", "release_aa_backend_prod", "plan.json", "./skills", "nothing"}
			for _, verb := range h.verbs() {
				for _, target := range targets {
					args := []string{verb}
					switch {
					case verb == "sandbox":
						args, target = []string{"sandbox", "reset"}, "" // alone it serves until it is stopped
					case verb == "trust":
						args = []string{"trust", "--list"} // what trusting does is trust.txtar's
						target = ""
					case target != "":
						args = append(args, target)
					}
					h.holds(args)
					if target == "" {
						continue
					}
					if verb == "run" || verb == "plan" || verb == "doctor" || verb == "check" || verb == "list" {
						h.holds(append(args, "--output", "json"))
					}
				}
			}
			h.holds([]string{"probe", "--yes"})
			h.holds([]string{"release_aa_backend_prod", "--yes", "--input", "commit_sha=" + strings.Repeat("a", 40)})
			h.holds([]string{"trust", "--output", "json"}) // it shows all of the folder, and does nothing of it
		})
	}
}

// holds runs a command line and looks at what came of it.
func (h *hostile) holds(args []string) {
	h.t.Helper()
	out, log := h.run(args...)
	for stream, text := range map[string]string{"stdout": out, "stderr": log} {
		if what := harm(text); what != "" {
			h.t.Errorf("%q: %s on %s:\n%q", args, what, stream, text)
		}
		if strings.Contains(text, "sesame") {
			h.t.Errorf("%q shows the credential on %s", args, stream)
		}
	}
	if _, err := os.Lstat(filepath.Join(h.dir, "ran")); err == nil {
		h.t.Fatalf("%q ran a program", args)
	}
	if n := h.heard.Load(); n > 0 {
		h.t.Fatalf("%q sent something: %d connections\n%s%s", args, n, out, log)
	}
}
