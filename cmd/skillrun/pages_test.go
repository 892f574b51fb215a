package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// The commands that the pages tell people to type (```sh blocks) are typed
// here, page by page, in a real shell, by someone with a home of their own
// whose services are a sandbox. Console blocks, which show output too, are held
// by internal/refdocs.

// reader is somebody who follows a page.
type reader struct {
	t         *testing.T
	home, dir string
	port      string // of the sandbox that the page serves
	servers   int
}

// leftOut are the commands that are not typed, each with the reason.
var leftOut = map[string]string{
	"go test ./...": "this is it",
	"go test ./cmd/skillrun/internal/refdocs -update": "it would write the pages",
	".ci/run":                   "this is a part of it",
	".ci/quick":                 "this is a part of it",
	".ci/long":                  "this is a part of it",
	"go install ./cmd/skillrun": "skillrun is there: it is this test binary",
	".ci/dist FOLDER":           built,
	"echo \"release $(cat release_key.pub)\" >signers":                                             built,
	"ssh-keygen -Y verify -f signers -I release -n skillrun-release -s SHA256SUMS.sig <SHA256SUMS": built,
	"sha256sum --check --ignore-missing SHA256SUMS":                                                built,
	"./skillrun-linux-amd64 version --output json":                                                 built,
	"git checkout COMMIT && GOTOOLCHAIN=GO .ci/dist /tmp/dist":                                     built,
	"cmp /tmp/dist/skillrun-linux-amd64 skillrun-linux-amd64":                                      built,
	"cd editors/vscode":                      editors,
	"npm ci":                                 editors,
	"npm run package -- skillrun.vsix":       editors,
	"code --install-extension skillrun.vsix": "it needs Visual Studio Code",
}

// editors is why commands of the extension are left out.
const editors = ".ci/editors does it"

// built is why a command that needs a released program is left out.
const built = ".ci/run does it with the programs it has built"

func newReader(t *testing.T) *reader {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash to type into")
	}
	r := &reader{t: t, home: t.TempDir(), dir: t.TempDir()}
	dir := filepath.Join(t.TempDir(), "world")
	seedOf(t, dir)
	seedOf(t, filepath.Join(r.home, ".local", "state", "skillrun", "sandbox-world"))
	w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir, Now: time.Now})
	r.must(err)
	t.Cleanup(func() { w.Close() }) // what a page leaves behind is not looked at
	program, err := os.Executable()
	r.must(err)
	r.must(os.Mkdir(filepath.Join(r.home, "bin"), 0o700), os.Symlink(program, filepath.Join(r.home, "bin", "skillrun")))
	// The user's own configuration names the sandbox as the real services.
	conf, err := os.ReadFile(w.Config())
	r.must(err, os.MkdirAll(filepath.Join(r.home, ".config", "skillrun"), 0o700))
	text := strings.ReplaceAll(string(conf), "file:tokens/", "file:"+filepath.Dir(w.Config())+"/tokens/")
	r.write(filepath.Join(r.home, ".config", "skillrun", "skillrun.yaml"), text)
	return r
}

func (r *reader) must(errs ...error) {
	r.t.Helper()
	for _, err := range errs {
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *reader) write(name, text string) {
	r.t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.dir, name)
	}
	r.must(os.WriteFile(name, []byte(text), 0o600))
}

func (r *reader) command(line string) *exec.Cmd {
	c := exec.CommandContext(r.t.Context(), "bash", "-c", line)
	c.Dir = r.dir
	c.Env = []string{"HOME=" + r.home, "PATH=" + filepath.Join(r.home, "bin") + ":" + os.Getenv("PATH"), "TERM=dumb"}
	return c
}

var (
	comment  = regexp.MustCompile(`\s+# .*$`)
	shBlock  = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	yamlFile = regexp.MustCompile("(?ms)in `([a-z]+\\.yaml)`:\n\n```yaml\n(.*?)^```$")
	world    = regexp.MustCompile(`/tmp/world`)
)

// types runs one line of a page.
func (r *reader) types(line string) {
	line = comment.ReplaceAllString(line, "")
	if why, ok := leftOut[line]; ok {
		r.t.Logf("left out, because %s: %s", why, line)
		return
	}
	line = strings.Replace(line, "go run ./cmd/skillrun", "skillrun", 1)
	if strings.HasPrefix(line, "skillrun sandbox --dir") {
		r.serves(line)
		return
	}
	line = world.ReplaceAllString(line, filepath.Join(r.home, "world1"))
	line = strings.ReplaceAll(line, "PORT", r.port)
	line = regexp.MustCompile(`\bFILE\b`).ReplaceAllString(line, "own.yaml")
	if before, flags, ok := strings.Cut(line, " RUN"); ok {
		line = before + " " + r.lastRun(flags) + flags
	}
	c := r.command(line)
	c.Stdin = strings.NewReader("a note\n")
	if out, err := c.CombinedOutput(); err != nil {
		r.t.Errorf("$ %s\n%v\n%s", line, err, out)
	}
}

// lastRun is the newest run of the site that the flags name.
func (r *reader) lastRun(flags string) string {
	r.t.Helper()
	out, err := r.command("skillrun runs --output json" + flags).Output()
	r.must(err)
	var list struct{ Runs []struct{ ID string } }
	r.must(json.Unmarshal(out, &list))
	if len(list.Runs) == 0 {
		r.t.Fatalf("runs%s: there is no run", flags)
	}
	return list.Runs[0].ID
}

// serves starts a sandbox, which runs until the test ends, and waits for it.
func (r *reader) serves(line string) {
	r.t.Helper()
	r.servers++
	c := r.command("exec " + world.ReplaceAllString(line, filepath.Join(r.home, "world"+string(rune('0'+r.servers)))))
	out, err := c.StdoutPipe()
	r.must(err, c.Start())
	r.t.Cleanup(func() {
		c.Process.Kill()
		c.Wait() // it is killed
	})
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(ready, "ready http") {
		r.t.Fatalf("$ %s\n%q, %v", line, ready, err)
	}
	if r.port == "" {
		r.port = ready[strings.LastIndex(ready, ":")+1 : len(ready)-1]
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	typed := 0
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := shBlock.FindAllStringSubmatch(string(text), -1)
		if len(blocks) == 0 {
			continue
		}
		typed += len(blocks)
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("curl"); err != nil && strings.Contains(string(text), "\ncurl ") {
				t.Skip("there is no curl")
			}
			r := newReader(t)
			for _, f := range yamlFile.FindAllStringSubmatch(string(text), -1) {
				r.write(f[1], f[2])
			}
			r.write("own.yaml", "name: own\ninputs:\n  name: {type: string, default: x}\n  notes: {type: string, default: x}\n"+
				"steps:\n  - {id: a, set: {b: \"${{ inputs.name }} ${{ inputs.notes }}\"}}\n")
			r.write("notes.txt", "a note\n")
			r.write("inputs.yaml", "{name: y}\n")
			for _, b := range blocks {
				for line := range strings.Lines(strings.ReplaceAll(b[1], "\\\n", " ")) {
					if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
						r.types(line)
					}
				}
			}
		})
	}
	if typed < 8 {
		t.Errorf("only %d blocks were found: does the pattern still find them?", typed)
	}
}
