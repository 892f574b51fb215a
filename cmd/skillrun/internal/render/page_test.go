package render

import "testing"

func TestPage(t *testing.T) {
	t.Parallel()
	got := Page("One [two](x.md#y) three\nfour.\n\n```yaml\na:   b\n\nc: \n```\n\nEnd.", 9)
	want := "One two\nthree\nfour.\n\n    a:   b\n\n    c:\n\nEnd."
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
