package diag_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
)

// A hostile file has tens of thousands of mistakes, each as long as the file: a
// list holds some of them, always an error when there is one.
func TestListsHaveAnEnd(t *testing.T) {
	t.Parallel()
	var l diag.List
	for range 30_000 {
		l.Warnf("w", diag.Range{}, "%s", strings.Repeat("ä", 5000)).Hint = strings.Repeat("h", 5000)
	}
	n := len(l)
	l.Errorf("e", diag.Range{}, "at last")
	l.Errorf("e", diag.Range{}, "once more")
	if n > 10_000 || len(l) != n+1 || !l.HasErrors() || len(l[0].Message) > 2010 {
		t.Errorf("%d warnings, %d in all, errors %t, %d bytes", n, len(l), l.HasErrors(), len(l[0].Message))
	}
	few := l.Foremost(3)
	if len(few) != 3 || few[2].Message != "at last" || len(few[0].Hint) > 2010 {
		t.Errorf("%d foremost, the last is %q", len(few), few[2].Message)
	}
	if all := few.Foremost(100); len(all) != 3 {
		t.Errorf("%d of 3", len(all))
	}
}
