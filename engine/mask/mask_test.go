package mask_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/mask/masktest"
	"github.com/skillrun/skillrun/engine/types"
)

// secrets are credentials of the shapes that services give out, and some that
// try the escapes themselves.
var secrets = []string{
	"glpat-Zx81_kQ-77fTq0pLm2Vb", "xoxb-2401-8817-AbCdEfGhIjKl", "p4ss/w0rd+with=marks&more%41", `quo"te's\and\\slash-9Z`, "ATATT3xFfGF0aB_-cD=4F1E2D3C",
	"correct horse battery staple", "passphraseü-xyözw-77", "0123456789012345",
}

const around = "the answer was: "

func masks(t testing.TB, secret string) *mask.Mask {
	t.Helper()
	return mask.New(types.NewSecret(secret))
}

// A credential is found in each of its encodings, and nothing around it goes.
func TestEncodings(t *testing.T) {
	t.Parallel()
	if n := len(masktest.Encodings()); n < 80 {
		t.Errorf("only %d encodings", n)
	}
	for _, secret := range secrets {
		m := masks(t, secret)
		for name, encode := range masktest.Encodings() {
			text := around + encode(secret) + "\nthe end"
			got := m.Text(text)
			if !strings.Contains(got, "‹secret›") || !strings.HasPrefix(got, around) || !strings.HasSuffix(got, "the end") {
				t.Errorf("%s of %s: %q", name, secret, got)
			}
			if strings.Contains(got, encode(secret)) || strings.Contains(got, secret) {
				t.Errorf("%s of %s stands there: %q", name, secret, got)
			}
		}
	}
}

// A credential that begins or ends with what looks like the tag of a page goes with it,
// also where the layer that has its other escapes taken off has the tag taken off, too.
func TestTagsAtTheEnds(t *testing.T) {
	t.Parallel()
	for secret, text := range map[string]string{
		"wörd&x <y>":              `{"a": "w\u00f6rd&x <y>", "n": 1}`,
		"<y>wörd&x":               `{"a": "<y>w\u00f6rd&x", "n": 1}`,
		"<b>wörd&xyz-0123456</b>": `{"a": "<b>w\u00f6rd&xyz-0123456</b>", "n": 1}`,
		"word&xyz<y>":             "{\"a\": \"\x1b[1mword\x1b[0m&xyz<y>\", \"n\": 1}",
	} {
		want := `{"a": "‹secret›", "n": 1}`
		if got := strings.ReplaceAll(masks(t, secret).Text(text), "\x1b[1m", ""); got != want {
			t.Errorf("%s: %q", secret, got)
		}
	}
	for _, text := range []string{`w\u00f6rd&x <y>`, `<y>w\u00f6rd&x <y>`} {
		if got := masks(t, "wörd&x <y>").Text(text); strings.TrimPrefix(got, "<y>") != "‹secret›" {
			t.Errorf("at the end: %q", got)
		}
	}
}

// JSON stays JSON, with what was around the credential.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, secret := range secrets {
		m := masks(t, secret)
		for name, encode := range masktest.Encodings() {
			in := types.Values{"a": encode(secret), "b": []any{1, true, "fine", encode(secret)}, encode(secret): nil}
			data := m.JSON(types.Encode(in))
			var out types.Values
			if err := json.Unmarshal(data, &out); err != nil {
				t.Errorf("%s of %s: %v: %s", name, secret, err, data)
				continue
			}
			if strings.Contains(string(data), secret) || !strings.Contains(types.Show(out["a"]), "‹secret›") || !strings.Contains(string(data), `"b":[1,true,"fine",`) {
				t.Errorf("%s of %s: %s", name, secret, data)
			}
		}
	}
	lines := `{"lines": ["so:", "glpat-Zx8", "1_kQ-77fTq0pLm2Vb", "fine"], "n": [1]}`
	if got := masks(t, secrets[0]).JSON([]byte(lines)); string(got) != `{"lines": ["so:", "‹secret›", "‹secret›", "fine"], "n": [1]}` {
		t.Errorf("lines: %s", got)
	}
	if got := masks(t, "0123456789012345").JSON([]byte(`{"n": 0123456789012345, "m": [1, 2]}`)); string(got) != `{"n": 0, "m": [1, 2]}` {
		t.Errorf("a number: %s", got)
	}
}

// However a stream is cut into writes, what comes out is masked.
func TestWriter(t *testing.T) {
	t.Parallel()
	for i, secret := range secrets {
		m, sizes := masks(t, secret), []int{7, 1000}
		if i == 0 {
			sizes = append(sizes, 1, 2, 3)
		}
		for name, encode := range masktest.Encodings() {
			text := around + encode(secret) + "\nthe end\n"
			for _, size := range sizes {
				if (strings.Contains(encode(secret), "\n") || name == "larger part") && size < 100 {
					continue // see fewest
				}
				var b strings.Builder
				w := mask.NewWriter(&b, func() *mask.Mask { return m })
				for at := 0; at < len(text); at += size {
					_, _ = w.Write([]byte(text[at:min(len(text), at+size)]))
				}
				_ = w.Flush()
				got := b.String()
				if !strings.Contains(got, "‹secret›") || m.Finds(got) || !strings.HasPrefix(got, around) || !strings.HasSuffix(got, "the end\n") {
					t.Fatalf("%s of %s by %d: %q", name, secret, size, got)
				}
			}
		}
	}
}

// What is left of a credential in a message that was cut is found, too.
func TestCutOff(t *testing.T) {
	t.Parallel()
	m := masks(t, secrets[0])
	for text, want := range map[string]string{
		"said " + secrets[0][:20] + "… and 5 more": "said ‹secret›… and 5 more", "said %67lpat-Zx81_kQ-77fTq…": "said ‹secret›…",
		"said glpat…": "said glpat…", "…": "…", "said " + masktest.Encodings()["base64, at 0"](secrets[0])[:25] + "…": "said ‹secret›…",
	} {
		if got := m.Text(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// What a credential is made of, and how it is written then.
func TestOddCredentials(t *testing.T) {
	t.Parallel()
	pairs := func(prefix string) masktest.Encoding {
		return func(s string) string {
			var b strings.Builder
			for _, u := range utf16.Encode([]rune(s)) {
				fmt.Fprintf(&b, "%s%04x", prefix, u)
			}
			return b.String()
		}
	}
	raw := masktest.Encodings()["raw"]
	for _, c := range []struct {
		name, secret string
		encode       masktest.Encoding
	}{
		{"beyond 16 bits, in JSON", "pässwörd-😀-zz", pairs(`\u`)}, {"beyond 16 bits, percent", "pässwörd-😀-zz", pairs("%u")}, {"decomposed", "pässwörd-zz", norm.NFD.String},
		{"upper case", "pässwörd-zz", strings.ToUpper}, {"code points", "pässwörd-zz", func(s string) string { return fmt.Sprint([]rune(s)) }},
		{"signed bytes", "pässwörd-zz", func(s string) string {
			return strings.NewReplacer("195", "-61", "164", "-92", "182", "-74").Replace(fmt.Sprint([]byte(s)))
		}},
		{"hard blanks", "correct horse", func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }},
		{"named blanks", "correct horse", func(s string) string { return strings.ReplaceAll(s, " ", "&nbsp;") }},
		{"two blanks on a page", "ab  cd  ef", func(s string) string { return strings.Join(strings.Fields(s), " ") }},
		{"nearly nothing but quotes", `x'y"z\w`, raw}, {"nearly nothing but quotes, in JSON", `x'y"z\w`, masktest.Encodings()["json"]}, {"nothing but quotes", `""''""\`, raw},
		{"before an ellipsis", "p4ss/w0rd", func(s string) string { return s[:6] + "…" }},
		{"the middle of a long one", strings.Repeat("0a1b2c3d4e5f6g7h", 20) + "z9", func(s string) string { return s[70:270] }},
	} {
		got := masks(t, c.secret).Text(around + c.encode(c.secret) + "\nthe end")
		if strings.Trim(strings.TrimSuffix(strings.TrimPrefix(got, around), "\nthe end"), "[]\"…") != "‹secret›" {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// What was masked holds nothing any more, also where it was cut off before.
func TestOnce(t *testing.T) {
	t.Parallel()
	const secret = "glpat-Zx81_kQ/77fTq0+pLm2Vb"
	m, all := masks(t, secret), masktest.Encodings()
	var b strings.Builder
	for _, name := range types.SortedKeys(all) {
		b.WriteString(name + ": " + all[name](secret) + " and more\n\n")
	}
	text := []rune(b.String())
	for n := 31; n < len(text); n += 211 {
		if got := m.Text(string(text[:n]) + "…"); m.Finds(got) {
			t.Errorf("cut at %d it holds something still: %q", n, got)
		}
	}
	if m.Finds(m.Text(b.String())) {
		t.Error("it holds something still")
	}
}

// What is no credential goes through at once, and as it is.
func TestNothingElse(t *testing.T) {
	t.Parallel()
	m := mask.New(types.NewSecret("Release2026!x"), types.NewSecret("glpat-Zx81_kQ-77fTq0pLm2Vb"), types.NewSecret("short"), types.Secret{})
	for _, text := range []string{"", "release-2026-x", "Release 2026", "short", "glpat-", "100%\\=&", "a & b = c % d \\ e", "&#;&#x;%zz=0=\x1b[", `\`, `\u`, `\x`, "%", "=", "&", "\x1b"} {
		if got := m.Text(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
		var b strings.Builder
		w := mask.NewWriter(&b, func() *mask.Mask { return m })
		_, _ = w.Write([]byte(text + "\n"))
		if b.String() != text+"\n" && !strings.HasPrefix(text, "glpat") {
			t.Errorf("%q is held back: %q", text, b.String())
		}
	}
	var none *mask.Mask
	none.Learn(types.NewSecret("something-long"))
	if none.Text("something-long") != "something-long" || none.Finds("something-long") {
		t.Error("a nil mask hides something")
	}
}

// A credential is found wherever it stands in a long text.
func TestLongText(t *testing.T) {
	t.Parallel()
	const secret = "glpat-Zx81_kQ-77fTq0pLm2Vb"
	m := masks(t, secret)
	random := rand.New(rand.NewPCG(1, 2))
	filler := strings.Repeat(`{"title": "fix(api): \"escape\" the filter", "n": 12}`+"\n", 3000)
	for _, name := range []string{"upper case", "hex", "percent, twice", "json u"} {
		encode := masktest.Encodings()[name]
		for range 5 {
			at := random.IntN(len(filler))
			if got := m.Text(filler[:at] + " " + encode(secret) + " " + filler[at:]); got != filler[:at]+" ‹secret› "+filler[at:] {
				t.Errorf("at %d", at)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a %41 \\u0041 &amp; =41 Z2xwYXQtWng4MV9rUS03N2ZUcTBwTG0yVmI=")
	m := mask.New(types.NewSecret("glpat-Zx81_kQ-77fTq0pLm2Vb"))
	f.Fuzz(func(t *testing.T, text string) {
		got := m.Text(text)
		if m.Text(got) != got && !strings.Contains(got, "‹secret›") {
			t.Errorf("%q becomes %q", text, got)
		}
		m.JSON([]byte(text))
	})
}

func BenchmarkMegabyte(b *testing.B) {
	var many []types.Secret
	for _, s := range secrets {
		many = append(many, types.NewSecret(s))
	}
	m := mask.New(many...)
	for name, unit := range map[string]string{
		"json":    `{"title": "fix(api): \"escape\" the filter", "n": 12, "sha": "4f0c2b7f6c1d4c7a9b1d0e5f3a2b1c0d9e8f7a6b"},` + "\n",
		"prose":   "The quick brown fox jumps over the lazy dog, and goes on to the next line of the text.\n",
		"base64":  "QWxsIHdvcmsgYW5kIG5vIHBsYXkgbWFrZXMgSmFjayBhIGR1bGwgYm95LiBBbGwgd29yayBh\n",
		"escapes": `%41\u0042&amp;=43`,
	} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m.Text(text)
			}
		})
	}
}

// TestWriterHoldsLittle: a line that only begins like a credential is written at
// once; one that ends with half of it is waited for.
func TestWriterHoldsLittle(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	w := mask.NewWriter(&b, func() *mask.Mask { return masks(t, "sandbox-Zx81kQ77fTq0") })
	_, _ = w.Write([]byte("skillrun x --sandbox\n"))
	if b.String() != "skillrun x --sandbox\n" {
		t.Errorf("held back: %q", b.String())
	}
	_, _ = w.Write([]byte("sandbox-Zx81\n"))
	_, _ = w.Write([]byte("kQ77fTq0\n"))
	if b.String() != "skillrun x --sandbox\n‹secret›\n" {
		t.Errorf("got %q", b.String())
	}
}
