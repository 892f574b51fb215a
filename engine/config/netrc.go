package config

import "strings"

// lookupNetrc returns the login and password of the first entry for a host.
// The default entry is not used: it would go to any host.
func lookupNetrc(text, host string) (login, password string, ok bool) {
	words := netrcWords(text)
	var here, found bool
	for i := 0; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "machine":
			if found {
				return login, password, true
			}
			here = strings.EqualFold(value, host)
			login, i = "", i+1
		case "default":
			if found {
				return login, password, true
			}
			here = false
		case "login":
			if here {
				login = value
			}
			i++
		case "password":
			if here {
				password, found = value, value != ""
			}
			i++
		case "account":
			i++
		}
	}
	return login, password, found
}

// netrcWords splits the file into words, without comments and without macros,
// which end at an empty line.
func netrcWords(text string) []string {
	var words []string
	macro := false
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			macro = false
			continue
		}
		for _, f := range fields {
			if macro || strings.HasPrefix(f, "#") && (len(words) == 0 || words[len(words)-1] != "password") {
				break
			}
			if f == "macdef" {
				macro = true
				break
			}
			words = append(words, f)
		}
	}
	return words
}
