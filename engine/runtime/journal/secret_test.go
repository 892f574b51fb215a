package journal_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

// A secret is journaled as a handle, wherever in a record it stands: in an
// output, also one in a blob, in an input, in an error.
func TestNoSecretInTheJournal(t *testing.T) {
	t.Parallel()
	const text, handle = "c0rrect-h0rse-battery-staple", "‹secret›"
	secret := types.NewSecret(text)
	nested := types.Values{"token": secret, "list": []any{secret, map[string]any{"x": secret}},
		"map": map[string]types.Secret{"y": secret}, "pointer": &secret}
	large := types.Values{"token": secret, "text": strings.Repeat("x", journal.BlobLimit)}
	at := journaltest.Header().StartedAt
	s, dir := newStore(t)
	f := create(t, s)
	for _, r := range []journal.Record{
		{Kind: journal.Event, At: at, Path: "a", Event: &machine.Event{Kind: machine.Done, Path: "a", At: at, Output: nested}},
		{Kind: journal.Event, At: at, Path: "b", Event: &machine.Event{Kind: machine.Done, Path: "b", At: at, Output: large}},
		{Kind: journal.Intent, At: at, Path: "c", Input: types.Encode(nested)},
		{Kind: journal.Finished, At: at, State: "failed", Error: types.Errorf(types.Auth, "token %v is refused", secret).With("token", secret)},
	} {
		check(t, f.Append(r, true))
	}
	check(t, s.Ask(runID, journal.Request{Kind: journal.Cancel, At: at, Reason: secret.String()}))
	check(t, f.Close())
	files, handles := 0, 0
	check(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("%s holds the secret", path)
		}
		files++
		handles += strings.Count(string(data), handle)
		return err
	}))
	if files != 5 || handles < 14 { // journal, run.json, lock, blob, request
		t.Errorf("%d handles in %d files", handles, files)
	}
	records, _, err := s.Read(runID)
	check(t, err)
	if diff := cmp.Diff(any(handle), records[1].Event.Output["token"]); diff != "" {
		t.Errorf("it is read back as (-want +got):\n%s", diff)
	}
}
