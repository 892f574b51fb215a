// Package masktest writes credentials in the ways that programs and services do.
package masktest

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"maps"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"unicode/utf16"
)

// Encoding writes a text in another way.
type Encoding = func(string) string

// Encodings are ways in which programs and services write a credential, which is
// of at least 16 bytes of ASCII where the encoding cuts it.
func Encodings() map[string]Encoding {
	all := map[string]Encoding{}
	for _, some := range []map[string]Encoding{escapes(), quotes(), numbers(), dumps(), bases(), layouts(), looks()} {
		maps.Copy(all, some)
	}
	return all
}

func escapes() map[string]Encoding {
	return map[string]Encoding{
		"raw": func(s string) string { return s }, "upper case": strings.ToUpper, "lower case": strings.ToLower,
		"header": func(s string) string { return "Authorization: Bearer " + s + "\r\n" },
		"form":   url.QueryEscape, "path": url.PathEscape, "form, lower case": func(s string) string { return strings.ToLower(url.QueryEscape(s)) },
		"form, twice":  func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
		"percent, all": each("%%%02X"), "percent, all, lower": each("%%%02x"), "percent, twice": each("%%25%02X"), "percent, three times": each("%%2525%02x"),
		"percent u": each("%%u%04x"), "json u": each(`\u%04x`), "json u, upper": each(`\u%04X`), "json u, twice": each(`\\u%04x`),
		"json": jsonText, "json in json": func(s string) string { return jsonText(jsonText(s)) },
		"json in json in json": func(s string) string { return jsonText(jsonText(jsonText(s))) },
		"json, slashes":        func(s string) string { return strings.ReplaceAll(jsonText(s), "/", `\/`) },
		"json, html safe":      func(s string) string { b, _ := json.Marshal("<" + s + ">"); return string(b) },
		"percent in json":      func(s string) string { return jsonText("?t=" + url.QueryEscape(s)) },
		"u, braces":            each(`\u{%x}`), "U": each(`\U%08x`), "x": each(`\x%02x`), "x, upper": each(`\x%02X`), "octal": each(`\%03o`), "octal, four": each(`\0%03o`),
		"html, decimal": each("&#%d;"), "html, hex": each("&#x%x;"), "html, hex, zeros": each("&#x%06X;"),
		"html": html.EscapeString, "html, twice": func(s string) string { return html.EscapeString(html.EscapeString(s)) },
		"html, named": func(s string) string {
			return strings.NewReplacer("&", "&amp;", "/", "&sol;", "+", "&plus;", "=", "&equals;", "_", "&lowbar;", "<", "&lt;").Replace(s)
		},
		"xml": func(s string) string { var b strings.Builder; _ = xml.EscapeText(&b, []byte(s)); return b.String() },
	}
}

func quotes() map[string]Encoding {
	return map[string]Encoding{
		"go %q": func(s string) string { return fmt.Sprintf("%q", s) }, "go %+q": func(s string) string { return fmt.Sprintf("%+q", []byte(s)) },
		"shell":                func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
		"shell, double quotes": func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" },
		"shell, parts":         func(s string) string { return s[:5] + `''` + s[5:9] + `""` + s[9:] },
		"backslashes":          each(`\%c`),
		"yaml, single quotes":  func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" },
		"quoted-printable": func(s string) string {
			var b strings.Builder
			w := quotedprintable.NewWriter(&b)
			_, _ = w.Write([]byte(strings.Repeat("x", 60) + s))
			_ = w.Close()
			return b.String()
		},
		"quoted-printable, all": each("=%02X"),
	}
}

func numbers() map[string]Encoding {
	return map[string]Encoding{
		"hex": hexed, "hex, upper": func(s string) string { return strings.ToUpper(hexed(s)) },
		"hex, colons": each("%02x:"), "hex, blanks": each("%02X "), "hex, dashes": each("%02x-"), "hex, commas": each("0x%02x, "),
		"hex of utf-16": func(s string) string { return hexed(wide(s, false)) }, "hex of json": func(s string) string { return hexed(jsonText(s)) },
		"bytes": func(s string) string { return fmt.Sprint([]byte(s)) }, "bytes in json": each("%d,"), "go %#v": func(s string) string { return fmt.Sprintf("%#v", []byte(s)) },
		"binary": each("%08b "), "octal numbers": each("%03o "), "binary, go": each("0b%b "), "octal, go": each("0o%o, "), "code points": each("U+%04X "),
	}
}

func dumps() map[string]Encoding {
	return map[string]Encoding{
		"hexdump -C": func(s string) string { return hex.Dump([]byte("Bearer " + s)) },
		"xxd":        func(s string) string { return dump("%08x: ", "%02x%02x ", "%02x ")("Authorization: " + s) },
		"curl":       func(s string) string { return dump("%04x: ", "%02x %02x ", "%02x ")("x" + s) },
		"od":         func(s string) string { return dump("%07o", " %02x %02x", " %02x")(s) },
	}
}

// dump writes an offset, pairs of bytes and the bytes themselves, 16 on a line.
func dump(offset, pair, single string) Encoding {
	return func(s string) string {
		var b strings.Builder
		for at := 0; at < len(s); at += 16 {
			line := s[at:min(len(s), at+16)]
			fmt.Fprintf(&b, offset, at)
			for i := 0; i+1 < len(line); i += 2 {
				fmt.Fprintf(&b, pair, line[i], line[i+1])
			}
			if len(line)%2 == 1 {
				fmt.Fprintf(&b, single, line[len(line)-1])
			}
			fmt.Fprintf(&b, " %s\n", line)
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
}

func bases() map[string]Encoding {
	all := map[string]Encoding{
		"basic":                 func(s string) string { return "Basic " + std("bot@example.com:"+s) },
		"basic, without a user": func(s string) string { return "Basic " + std(":"+s) },
		"base64 in a path":      func(s string) string { return "/x/" + std("a"+s) },
		"base64, twice":         func(s string) string { return std(std(s)) },
		"base64, percent":       func(s string) string { return url.QueryEscape(std("u:" + s)) },
		"base64 of percent":     func(s string) string { return std(url.QueryEscape(s)) },
		"base64 of json":        func(s string) string { return std(`{"auths":{"r":{"auth":` + jsonText(s) + "}}}") },
		"base64 of hex":         func(s string) string { return std(hexed(s)) },
		"base64, lines":         func(s string) string { return lines(std(strings.Repeat("x", 50)+s), 30) },
		"base64, lines in json": func(s string) string { return jsonText(lines(std("x"+s), 16)) },
		"base64 of utf-16":      func(s string) string { return std(wide(s, false)) }, "base64 of utf-16, big": func(s string) string { return std(wide(s, true)) },
		"base32": func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }, "base32, lower": func(s string) string { return strings.ToLower(base32.StdEncoding.EncodeToString([]byte("abc" + s))) },
		"base32 hex": func(s string) string { return base32.HexEncoding.EncodeToString([]byte("a" + s)) },
	}
	for name, e := range map[string]*base64.Encoding{"": base64.StdEncoding, ", unpadded": base64.RawStdEncoding, ", url": base64.URLEncoding, ", url, unpadded": base64.RawURLEncoding} {
		for offset := range 3 {
			all[fmt.Sprintf("base64%s, at %d", name, offset)] = func(s string) string { return e.EncodeToString([]byte("..."[:offset] + s + "more")) }
		}
	}
	return all
}

func layouts() map[string]Encoding {
	return map[string]Encoding{
		"utf-16": func(s string) string { return wide(s, false) }, "utf-16, big": func(s string) string { return "\ufeff" + wide(s, true) },
		"lines": func(s string) string { return lines(s, 7) }, "lines of dos": func(s string) string { return strings.ReplaceAll(lines(s, 7), "\n", "\r\n") },
		"folded":          func(s string) string { return ">-\n  " + strings.ReplaceAll(lines(s, 9), "\n", "\n  ") },
		"folded, escaped": func(s string) string { return strings.ReplaceAll(lines(s, 9), "\n", "\\\n  ") },
		"lines in json":   func(s string) string { return jsonText(lines(s, 7)) },
		"coloured":        func(s string) string { return s[:6] + "\x1b[1;31m" + s[6:] + "\x1b[0m" },
		"zero width":      func(s string) string { return s[:4] + "\u200b" + s[4:8] + "\u00ad" + s[8:] },
		"larger part":     func(s string) string { return s[len(s)/3:] },
		"groups":          func(s string) string { return s[:4] + " " + s[4:8] + "-" + s[8:12] + " | " + s[12:] },
	}
}

// looks are characters that no one sees beside others, or that look like them.
func looks() map[string]Encoding {
	between := func(of string) Encoding { return func(s string) string { return s[:4] + of + s[4:9] + of + s[9:] } }
	return map[string]Encoding{
		"combining": between("\u0301"), "joiner": between("\u034f"), "filler": between("\u3164"), "braille": between("\u2800"), "mark": between("\u061c"),
		"tag": between("\U000e0041"), "selector": between("\ufe0f"), "selectors": between("\U000e0100"), "annotation": between("\ufff9"), "broken": between("\xff"),
		"full width": func(s string) string {
			return strings.Map(func(r rune) rune { return map[bool]rune{true: r + 0xfee0, false: '\u3000'}[r > ' '] }, s)
		},
		"struck over": each("%[1]c\b%[1]c"), "marked up": between("<em>"), "marked up more": between(`</span><span class="hl">`), "wbr": between("&#8203;<wbr/>"),
		"cdata": between("]]><![CDATA["), "grep": between("\x1b[01;31m\x1b[K"), "tput": between("\x1b(B\x1b[m"), "c1": between("\u009b1m"), "e": between(`\e[1m`),
		"e in json": between(`\u001b[1m`), "pictures": between("␛[1m"),
	}
}

func each(format string) Encoding {
	return func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
}

func jsonText(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func hexed(s string) string { return hex.EncodeToString([]byte(s)) }

func std(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func wide(s string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		low, high := byte(u), byte(u>>8)
		if big {
			low, high = high, low
		}
		b.WriteByte(low)
		b.WriteByte(high)
	}
	return b.String()
}

func lines(s string, width int) string {
	var out []string
	for ; len(s) > width; s = s[width:] {
		out = append(out, s[:width])
	}
	return strings.Join(append(out, s), "\n")
}
