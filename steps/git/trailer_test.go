package git

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"
)

const keyLine = "Skillrun-Key: workworkworkwork-pathpathpa"

func wordedAs(message string, signOff bool) string {
	return Service{SignOff: signOff}.withTrailers(message, strings.TrimPrefix(keyLine, "Skillrun-Key: "), object.Signature{Name: "Bot", Email: "bot@example.com"})
}

// TestTrailersAreLost: ours join the trailers that a message ends in.
func TestTrailersAreLost(t *testing.T) {
	t.Parallel()
	const sob = "Signed-off-by: Bot <bot@example.com>\n"
	for message, want := range map[string]string{
		"release":               "release\n\n",
		"feat: release\n":       "feat: release\n\n",
		"s\n\nbody\n":           "s\n\nbody\n\n",
		"s\n\nChangelog: added": "s\n\nChangelog: added\n",
		"s\n\nbody\n\nChangelog: added\nCo-authored-by: A <a@x>\n\n\n": "s\n\nbody\n\nChangelog: added\nCo-authored-by: A <a@x>\n",
		"s\n\nNote: a\n  that goes on\n":                               "s\n\nNote: a\n  that goes on\n",
		"s\n\nNote: a\nand a line\n":                                   "s\n\nNote: a\nand a line\n\n",
		"s\n\nbody\n" + sob:                                            "s\n\nbody\n" + sob,
		"s\n\na\nb\nc\nd\n" + sob:                                      "s\n\na\nb\nc\nd\n" + sob + "\n",
		"s\n\n(cherry picked from commit abc)\n":                       "s\n\n(cherry picked from commit abc)\n",
		"s\r\n\r\nA: b\r\n":                                            "s\r\n\r\nA: b\r\n",
		"s\n\nA: b\n \t\n":                                             "s\n\nA: b\n",
		"s\n\nhttps://example.com/x\n":                                 "s\n\nhttps://example.com/x\n",
	} {
		if d := cmp.Diff(want+keyLine+"\n", wordedAs(message, false)); d != "" {
			t.Errorf("%q: %s", message, d)
		}
	}
	if got := wordedAs("s\n\nA: b", true); got != "s\n\nA: b\n"+sob+keyLine+"\n" {
		t.Errorf("signed off it is %q", got)
	}
	if got := wordedAs("s\n\nA: b\n"+sob, true); got != "s\n\nA: b\n"+sob+keyLine+"\n" {
		t.Errorf("signed off twice it is %q", got)
	}
}

// TestTrailersAsGit puts messages of random lines together: what comes of one is
// what git interpret-trailers makes of it, and what is read of it the same.
func TestTrailersAsGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	lines := []string{
		"subject", "feat: x", "", "", "", "body", "A: b", "Long-Name: c", "Co-authored-by: X <x@y>", "Signed-off-by: X <x@y>",
		"(cherry picked from commit 1)", "  goes on", "\tgoes on", "no colon", "a b: c", "a  : c", ": c", "ä: c", "a_b: c", "https://x.y/z", "1: 2", "-: x", "\r", " ", "x:", "---",
	}
	r := rand.New(rand.NewPCG(1, 2))
	messages := 60
	if os.Getenv("SKILLRUN_SWEEP") != "" {
		messages = 250
	}
	for n := range messages {
		var message []string
		for range 1 + r.IntN(9) {
			message = append(message, lines[r.IntN(len(lines))])
		}
		text := strings.Join(message, "\n")
		if strings.TrimSpace(text) == "" || strings.TrimSpace(message[0]) == "" {
			continue // refused, or without a title
		}
		got := wordedAs(text, false)
		kept := withoutBlankEnd(text) + "\n"
		want := kept + keyLine + "\n"
		// git also puts a blank behind each colon of the trailers that are there
		if byGit := interpreted(t, kept, "--trailer", keyLine); strings.HasSuffix(byGit, "\n\n"+keyLine+"\n") {
			want = kept + "\n" + keyLine + "\n"
		}
		if got != want {
			t.Fatalf("%d: %q is %q, want %q", n, text, got, want)
		}
		var read []string
		for _, tr := range trailersOf(got) {
			read = append(read, fmt.Sprintf("%s: %s", tr.Name, tr.Value))
		}
		if d := cmp.Diff(strings.Split(strings.TrimRight(interpreted(t, got, "--parse"), "\n"), "\n"), read); d != "" {
			t.Fatalf("%d: the trailers of %q: -git +ours\n%s", n, got, d)
		}
	}
}

func interpreted(t *testing.T, message string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"interpret-trailers", "--no-divider"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
