package git

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

// jiraKey is the key of an issue, as the Jira steps know it: the project's key,
// which a site's administrators may let be long or hold a _, and a number.
var jiraKey = types.Pattern(`([A-Z][A-Z0-9_]+)-[1-9][0-9]*`)

// standards are names in texts about software that look like a key together
// with their number. A project of such a name has to be asked for.
var standards = []string{
	"AES", "AGPL", "CVE", "CWE", "ECMA", "FIPS", "GPL", "HTTP", "IEEE", "ISO", "LGPL", "MD",
	"PEP", "PKCS", "RFC", "RSA", "SHA", "SHA2", "SHA3", "SSL", "TLS", "UTF", "WCAG",
}

// jiraKeys are the keys of Jira issues in a text, each once, in their order:
// those of the projects, or where none are named, of any but standards. A key
// is a word of its own: UTF-8859-1 and CVE-2024-3094 hold none.
func jiraKeys(text string, projects []string) []string {
	keys := []string{}
	for _, at := range jiraKey().FindAllStringSubmatchIndex(text, -1) {
		key, project := text[at[0]:at[1]], text[at[2]:at[3]]
		counts := slices.Contains(projects, project) || len(projects) == 0 && !slices.Contains(standards, project)
		if counts && isWord(text[:at[0]], text[at[1]:]) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// numbered is what continues with a number that is not an issue's.
var numbered = types.Pattern(`^[-.]?[0-9]`)

// isWord reports whether what stands between two texts is a word of its own.
func isWord(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(after)
	return last != '_' && !unicode.IsLetter(last) && !unicode.IsDigit(last) && !unicode.IsLetter(next) && !numbered().MatchString(after)
}
