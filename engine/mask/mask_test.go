package mask_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

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
				if strings.Contains(encode(secret), "\n") && size < 100 {
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
