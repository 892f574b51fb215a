package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// recipes are the YAML of docs/ci.md that is for others (```yml), and the hooks of pre-commit.
func recipes(t *testing.T) (out []*syntax.Node) {
	t.Helper()
	page, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(hooks)}
	for _, m := range regexp.MustCompile("(?s)```yml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		texts = append(texts, m[1])
	}
	for _, text := range texts {
		root, diags := syntax.ParseData("recipe.yaml", []byte(text))
		if len(diags) > 0 {
			t.Fatalf("%v in\n%s", diags, text)
		}
		out = append(out, root)
	}
	return out
}

// commandsIn are the commands of this program that a recipe runs.
func commandsIn(n *syntax.Node) (out []string) {
	if n.Kind == syntax.Scalar && strings.HasPrefix(n.Value, "skillrun ") {
		return []string{n.Value}
	}
	for _, item := range n.Items {
		out = append(out, commandsIn(item)...)
	}
	for _, p := range n.Pairs {
		if p.Key.Value != "name" {
			out = append(out, commandsIn(p.Value)...)
		}
	}
	return out
}

// TestRecipes runs each command of the recipes in a repository whose skills are in order,
// and in one in which a warning fails. What a recipe hands to a service is there then.
func TestRecipes(t *testing.T) {
	t.Parallel()
	var commands []string
	for _, r := range recipes(t) {
		commands = append(commands, commandsIn(r)...)
	}
	if len(commands) != 5 {
		t.Fatalf("the recipes run %q", commands)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for what, repository := range map[string]struct {
		text string
		code int
	}{
		"good": {"name: a\nsteps:\n  - {id: say, uses: log, with: {message: Hello.}}\n", 0},
		"bad":  {"name: a\nsteps:\n  - {id: say, uses: log, with: {message: \"Hello, $USER.\"}}\n", 2},
	} {
		for _, command := range slices.Compact(slices.Sorted(slices.Values(commands))) {
			if _, file, redirected := strings.Cut(command, ">"); redirected {
				command += "\ntest -s " + file
			} else if !strings.Contains(command, "./") { // pre-commit adds the files
				command += " skills/a.yaml"
			}
			dir := t.TempDir()
			bin := filepath.Join(dir, "bin")
			for _, err := range []error{os.Mkdir(bin, 0o700), os.Symlink(program, filepath.Join(bin, "skillrun")), os.Mkdir(filepath.Join(dir, "skills"), 0o700), os.WriteFile(filepath.Join(dir, "skills", "a.yaml"), []byte(repository.text), 0o600)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			c := exec.CommandContext(t.Context(), "bash", "-c", strings.Replace(command, "\n", "; code=$?; ", 1)+" && exit ${code-$?}")
			c.Dir, c.Env = dir, []string{"HOME=" + dir, "PATH=" + bin + ":" + os.Getenv("PATH")}
			out, _ := c.CombinedOutput() // the code says it
			want := repository.code
			if strings.HasPrefix(command, "skillrun fmt") {
				want = 0
			}
			if got := c.ProcessState.ExitCode(); got != want {
				t.Errorf("%s: %s: exit %d, want %d\n%s", what, command, got, want, out)
			}
			reports, _ := filepath.Glob(filepath.Join(dir, "*[nf]")) // .json and .sarif
			for _, file := range reports {
				text, err := os.ReadFile(file)
				if filepath.Base(file) == "bin" {
					continue
				}
				if err != nil || !json.Valid(text) {
					t.Errorf("%s: %s is no JSON, %v", command, file, err)
				}
			}
		}
	}
}

// TestSilenced: in the page's skill, the warnings are silenced as the page says.
func TestSilenced(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/ci.md")
	text := regexp.MustCompile("(?s)```yaml\n(name: mail\n.*?)```").FindSubmatch(page)
	if err != nil || text == nil {
		t.Fatalf("no such skill, %v", err)
	}
	b := newBench(t)
	b.skill("mail", string(text[1]))
	b.run("check", "./mail.yaml", "--strict").want(t, 0, "1 checked, no mistakes\n")
	b.skill("mail", regexp.MustCompile(` *# skillrun:.*`).ReplaceAllString(string(text[1]), ""))
	b.run("check", "./mail.yaml", "--strict").want(t, 2, "2 warnings")
}

// TestHooks: the hooks that the page names are there, and are this program's.
func TestHooks(t *testing.T) {
	t.Parallel()
	all := recipes(t)
	var ids []string
	for _, hook := range all[0].Items {
		ids = append(ids, hook.Get("id").Value)
		if hook.Get("language").Value != "golang" || !regexp.MustCompile(hook.Get("files").Value).MatchString("skills/a.yaml") {
			t.Errorf("%s: language %s, files %s", ids, hook.Get("language").Value, hook.Get("files").Value)
		}
	}
	named := 0
	for _, r := range all[1:] {
		if r.Get("repos") == nil {
			continue
		}
		for _, hook := range r.Get("repos").Items[0].Get("hooks").Items {
			if named++; !slices.Contains(ids, hook.Get("id").Value) {
				t.Errorf("there is no hook %s", hook.Get("id").Value)
			}
		}
	}
	if named != len(ids) {
		t.Errorf("the page names %d of %d hooks", named, len(ids))
	}
}
