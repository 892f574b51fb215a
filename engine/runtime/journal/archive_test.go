package journal_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

// parkedRun makes a run that is parked, with an output in a blob.
func parkedRun(t testing.TB, s *journal.Store) {
	t.Helper()
	f := create(t, s)
	for _, r := range []journal.Record{event("a"), journaltest.Large(), {Kind: journal.Parked, Reason: "approve", Path: "b", At: journaltest.Header().StartedAt}} {
		check(t, f.Append(r, true))
	}
	check(t, f.Close())
}

func move() journal.Move { return journal.Move{At: later(1), By: "ada"} }

// archived returns an archive, and the store that it is of.
func archived(t testing.TB) ([]byte, *journal.Store) {
	t.Helper()
	s, _ := newStore(t)
	parkedRun(t, s)
	return must(s.Export(runID, move()))(t), s
}

// entry is a file of a tar.
type entry struct {
	h    tar.Header
	text []byte
}

func untar(t testing.TB, data []byte) (out []entry) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		check(t, err)
		out = append(out, entry{*h, must(io.ReadAll(r))(t)})
	}
}

func tarred(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if e.h.Typeflag == tar.TypeReg {
			e.h.Size = int64(len(e.text))
		}
		check(t, w.WriteHeader(&e.h))
		must(w.Write(e.text))(t)
	}
	check(t, w.Close())
	return b.Bytes()
}

func TestArchive(t *testing.T) {
	t.Parallel()
	data, _ := archived(t)
	entries := untar(t, data)
	var about map[string]any
	check(t, json.Unmarshal(entries[0].text, &about))
	if entries[0].h.Name != "archive.json" || about["run"] != runID || about["skillrun_archive"] != 1.0 || len(entries) != 3 {
		t.Errorf("%d files, the first is %s: %v", len(entries), entries[0].h.Name, about)
	}
	if diff := cmp.Diff(data, tarred(t, entries...)); diff != "" {
		t.Fatal("the test cannot make an archive: ", diff)
	}
	a := must(journal.OpenArchive(data))(t)
	if a.Head != about["head"] || len(a.Records) != 5 || len(a.Digest) != 64 || a.Records[2].Event.Output["text"] == nil {
		t.Errorf("head %s, digest %s, %d records", a.Head, a.Digest, len(a.Records))
	}
}

// TestArchiveFlips: a bit that was flipped anywhere, what was cut off at any place
// and whatever stands behind the end are found.
func TestArchiveFlips(t *testing.T) {
	t.Parallel()
	data, _ := archived(t)
	random := rand.New(rand.NewPCG(1, 2))
	times := 40
	if whole() {
		times = 2000
	}
	refuse := func(what string, bad []byte) {
		t.Helper()
		if _, err := journal.OpenArchive(bad); err == nil || types.AsError(err).Hint == "" {
			t.Errorf("%s: error %v", what, err)
		}
	}
	for n := range times {
		bad := bytes.Clone(data)
		at := random.IntN(len(bad))
		if n%2 == 0 { // the blob is most of it
			at = random.IntN(6000)
		}
		bad[at] ^= 1 << random.IntN(8)
		refuse("flipped", bad)
		refuse("cut short", data[:random.IntN(len(data))])
	}
	for _, more := range []string{"x", "\x00", strings.Repeat("\x00", 512), strings.Repeat("\x00", 10240)} {
		refuse("more", append(bytes.Clone(data), more...))
	}
	refuse("without its end", data[:len(data)-1024])
	refuse("with half its end", data[:len(data)-512])
}

// TestArchiveForgeries: what no run's archive has is refused before anything of it
// is used, also where its own checksums fit.
func TestArchiveForgeries(t *testing.T) {
	t.Parallel()
	data, _ := archived(t)
	whole := untar(t, data)
	file := func(name, text string) entry {
		return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Format: tar.FormatUSTAR}, []byte(text)}
	}
	link := func(kind byte, name, to string) entry {
		return entry{tar.Header{Typeflag: kind, Name: name, Linkname: to, Mode: 0o600}, nil}
	}
	other := func(i int, change func(e *entry)) []entry {
		all := append([]entry{}, whole...)
		change(&all[i])
		return all
	}
	lines := bytes.SplitAfter(whole[1].text, []byte("\n"))
	resealed := bytes.Join([][]byte{journal.Reseal(bytes.Replace(bytes.TrimSuffix(lines[0], []byte("\n")), []byte(`"skill":"`), []byte(`"skill":"x`), 1)), {}}, nil)
	for name, forged := range map[string][]entry{
		"a path that leads out":        append(whole[:3:3], file("../../x", "")),
		"an absolute path":             append(whole[:3:3], file("/etc/x", "")),
		"another file":                 append(whole[:3:3], file("lock", "")),
		"a blob that nothing names":    append(whole[:3:3], file("blobs/"+strings.Repeat("0", 64), "")),
		"a file twice":                 append(whole[:3:3], whole[1]),
		"a symbolic link":              append(whole[:3:3], link(tar.TypeSymlink, "blobs/"+strings.Repeat("0", 64), "/etc/passwd")),
		"a hard link":                  append(whole[:3:3], link(tar.TypeLink, "journal.jsonl", "/etc/passwd")),
		"a folder":                     append(whole[:3:3], link(tar.TypeDir, "blobs/", "")),
		"a pipe":                       append(whole[:3:3], link(tar.TypeFifo, "journal.jsonl", "")),
		"no blob":                      whole[:2],
		"no journal":                   {whole[0], whole[2]},
		"another order":                {whole[0], whole[2], whole[1]},
		"nothing about it":             whole[1:],
		"something else about it":      other(0, func(e *entry) { e.text = bytes.Replace(e.text, []byte(`"ada"`), []byte(`"eve"`), 1) }),
		"another mode":                 other(1, func(e *entry) { e.h.Mode = 0o4755 }),
		"another owner":                other(1, func(e *entry) { e.h.Uname = "root" }),
		"a comment":                    other(1, func(e *entry) { e.h.Format, e.h.PAXRecords = tar.FormatPAX, map[string]string{"comment": "x"} }),
		"a journal without the export": other(1, func(e *entry) { e.text = e.text[:bytes.LastIndexByte(e.text[:len(e.text)-1], '\n')+1] }),
		"a journal that is cut":        other(1, func(e *entry) { e.text = e.text[:len(e.text)-9] }),
		"a header that was changed":    other(1, func(e *entry) { e.text = append(resealed, bytes.Join(lines[1:], nil)...) }),
		"a blob that was changed":      other(2, func(e *entry) { e.text = append([]byte(" "), e.text...) }),
		"more than a run takes":        append(whole[:3:3], file("blobs/"+strings.Repeat("0", 64), strings.Repeat("x", journal.ArchiveLimit-len(data)))),
		"a journal of a later skillrun": other(1, func(e *entry) {
			e.text = bytes.Replace(e.text, []byte(`"versions":{"journal":5`), []byte(`"versions":{"journal":9`), 1)
		}),
		"an archive of a later one": other(0, func(e *entry) { e.text = bytes.Replace(e.text, []byte(`_archive":1`), []byte(`_archive":2`), 1) }),
	} {
		_, err := journal.OpenArchive(tarred(t, forged...))
		if err == nil || types.AsError(err).Hint == "" {
			t.Errorf("%s: error %v", name, err)
		}
		if strings.Contains(name, "of a later") != errors.Is(err, journal.ErrNewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sparse := append([]byte{}, tarred(t, whole[0])[:1024]...)
	sparse = append(sparse, bombOf(t)...)
	for name, bomb := range map[string][]byte{"sparse": sparse, "large": make([]byte, journal.ArchiveLimit+1)} {
		if _, err := journal.OpenArchive(bomb); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// bombOf is the entry of a tar that says that it is a terabyte of holes.
func bombOf(t testing.TB) []byte {
	t.Helper()
	const records = "GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.name=journal.jsonl\nGNU.sparse.realsize=1099511627776\n"
	var pax bytes.Buffer
	for line := range strings.Lines(records) {
		n := len(line) + 3
		fmt.Fprintf(&pax, "%d %s", n, line)
	}
	holes := "1\n1099511627776\n0\n"
	x := tarred(t, entry{tar.Header{Typeflag: tar.TypeReg, Name: "PaxHeaders/x", Mode: 0o600, Format: tar.FormatUSTAR}, pax.Bytes()})[:1024]
	x[156] = tar.TypeXHeader
	sum := 8 * int(' ')
	for i, c := range x[:512] {
		if i < 148 || i >= 156 {
			sum += int(c)
		}
	}
	copy(x[148:], fmt.Sprintf("%06o\x00 ", sum))
	bomb := append(x, tarred(t, entry{tar.Header{Typeflag: tar.TypeReg, Name: "journal.jsonl", Mode: 0o600, Format: tar.FormatUSTAR}, []byte(holes + strings.Repeat("\x00", 512-len(holes)))})...)
	if h, err := tar.NewReader(bytes.NewReader(bomb)).Next(); err != nil || h.Size != 1<<40 {
		t.Fatalf("it is no bomb: %v %v", h, err)
	}
	return bomb
}

func FuzzOpenArchive(f *testing.F) {
	data, _ := archived(f)
	f.Add(data[:8192])
	f.Add([]byte("x"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = journal.OpenArchive(data) })
}
