package execute

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
)

// dangerous are options whose value is run, or names what is; a program stands first.
// An option of several letters is also found cut short, as getopt and flag packages
// take it, and a single letter among others. What such a program takes from outside
// before a -- must not begin with a dash. < is a stdin that is code, and an option
// followed by - reads it too.
const dangerous = `
curl          -K -o -x --config --output --engine --proxy --preproxy --unix-socket --cacert --capath --cert --key
wget          -e -i -O --execute --input-file --output-document --use-askpass --config --ca-certificate
tar           -I -F -T --use-compress-program --to-command --checkpoint-action --info-script --new-volume-script --rsh-command --rmt-command --files-from
gtar          -I -F -T --use-compress-program --to-command --checkpoint-action --info-script --new-volume-script --rsh-command --rmt-command --files-from
bsdtar        -I -F -T --use-compress-program
zip           -TT --unzip-command
rsync         -e --rsh --rsync-path --config
scp           -S -o -F -D
sort          --compress-program
split         --filter
install       --strip-program
rg            --pre
ag            --pager
ack           --pager
bat           --pager
man           -P -H --pager --html
less          -+ -k --lesskey-file
gcc           -B -wrapper -fplugin -specs -x <
ld            -plugin -dynamic-linker
openssl       -engine -config -provider -provider-path <
gpg           --options --homedir --agent-program --photo-viewer --keyserver-options --dirmngr-program --pinentry-program
terraform     -chdir -var-file -plugin-dir -backend-config -from-module <
tofu          -chdir -var-file -plugin-dir -backend-config -from-module <
helm          --post-renderer --post-renderer-args --kubeconfig --repository-config --registry-config
ssh-keygen    -D -w
ssh-add       -s -S
javac         -J -cp -classpath --class-path -processor -processorpath --processor-path
pytest        -p -c --rootdir --confcutdir
git-lfs       -c
`

// same rules under another name.
var alike = map[string]string{
	"cc": "gcc", "c++": "gcc", "g++": "gcc", "clang": "gcc", "clang++": "gcc", "cpp": "gcc", "gfortran": "gcc",
	"gold": "ld", "lld": "ld", "ld.lld": "ld",
}

// optionsOf are the dangerous options of a program, nil when it has none.
func optionsOf(name string) []string {
	if other, ok := alike[name]; ok {
		name = other
	}
	for row := range strings.Lines(dangerous) {
		if words := strings.Fields(row); len(words) > 0 && words[0] == name {
			return words[1:]
		}
	}
	return nil
}

// readOptions reads a program that has dangerous options.
func readOptions(options []string) reader {
	return func(c *commands, name string, args []string, stdin string) {
		if slices.Contains(options, "<") && outside(stdin) {
			c.found(name, "would run its stdin, which comes from outside")
		}
		value := false // whether the word is that of an option
		for i, a := range args {
			if a == "--" {
				return
			}
			takes := isAnyOption(options, a)
			var next string
			if i+1 < len(args) && !strings.Contains(a, "=") {
				next = args[i+1]
			}
			switch {
			case takes && (outside(a) || outside(next)):
				c.found(name, "would take text from outside for an option that runs it, or leads elsewhere")
			case takes && outside(stdin) && (fromStdin(next) || strings.HasSuffix(a, "-")):
				c.found(name, "would take options from its stdin, which comes from outside")
			case mayBeOption(a) && !value:
				c.found(name, "could take text from outside for an option: put -- before it")
			case strings.HasPrefix(a, "@") && outside(a):
				c.found(name, "would take its arguments from the file that text from outside names")
			}
			value = strings.HasPrefix(a, "-")
		}
	}
}

func isAnyOption(options []string, word string) bool {
	return slices.ContainsFunc(options, func(o string) bool { return isOption(o, word) })
}

// isOption reports whether a word is an option, perhaps with its value.
func isOption(option, word string) bool {
	head, _, _ := strings.Cut(word, "=")
	switch {
	case option == "<":
		return false
	case strings.HasPrefix(option, "--"):
		return len(head) > 2 && strings.HasPrefix(option, head)
	case len(option) > 2: // -option, and --option where flags are those of Go
		return strings.HasPrefix(word, option) || strings.HasPrefix(word, "-"+option)
	}
	letters, _, _ := strings.Cut(head, step.Outside)
	return len(letters) > 1 && letters[0] == '-' && letters[1] != '-' && strings.Contains(letters[1:], option[1:])
}

// builders build, install or run what they are named; its arguments stand behind a --.
var builders = strings.Fields(`ant bundle bunx cargo clj clojure composer conda dotnet easy_install flask gem go gradle gradlew helmfile kotlin
	kotlinc mamba msbuild mvn mvnw nox npm nuget pip pipenv pnpm poetry rake rspec rustc rustup sbt terragrunt tox uv yarn`)

func readBuilder(c *commands, name string, args []string, _ string) {
	named := 0
	for i, a := range args {
		switch {
		case i > 0 && interpretsOrWraps(baseOf(a)) && !strings.HasPrefix(args[i-1], "-"):
			c.read(a, args[i+1:], "")
			return
		case a == "--" && named >= 2 && !slices.Contains(args[:i], "explore"):
			return
		case outside(a):
			c.found(name, "could build, install or run what text from outside names: put it after what is run and --")
		case !strings.HasPrefix(a, "-") && (i == 0 || !strings.HasPrefix(args[i-1], "-") || args[i-1] == "--"):
			named++
		}
	}
}

// interpretsOrWraps reports whether code or another program stands behind a name.
func interpretsOrWraps(name string) bool {
	_, interprets := interpreters[name]
	_, wraps := wrappers[name]
	return interprets || wraps
}

// jqTakes are how many values an option of jq has, and jqFiles those that name code.
var (
	jqTakes = map[string]int{"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2, "--indent": 1, "-f": 1, "--from-file": 1, "-L": 1, "--library-path": 1}
	jqFiles = strings.Fields("-f -L --from-file --library-path")
)

// readJq: the first operand is code, unless an option names it.
func readJq(c *commands, name string, args []string, _ string) {
	given, ended := false, false
	for i := 0; i < len(args); i++ {
		a := args[i]
		code := !ended && isAnyOption(jqFiles, a)
		switch n := jqTakes[a]; {
		case code && slices.ContainsFunc(args[i:min(len(args), i+2)], outside):
			c.found(name, "would run the file that text from outside names")
		case !ended && (n > 0 || code):
			given = given || code && strings.Contains(a, "f")
			if n > 0 || !strings.HasPrefix(a, "-L") {
				i += max(n, 1)
			}
		case !ended && strings.HasPrefix(a, "-"):
			ended = a == "--"
		case outside(a) && !given:
			c.found(name, "would run text from outside: give it with --arg")
		case mayBeOption(a) && !ended:
			c.found(name, "could take text from outside for an option: put -- before it")
		default:
			given = true
		}
	}
}

// readJava reads up to the class or the archive; what stands behind it is data.
func readJava(c *commands, name string, args []string, _ string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		takes := slices.Contains([]string{"-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules", "--upgrade-module-path", "--source"}, a)
		last := !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "@")
		if a == "-jar" || a == "-m" || a == "--module" {
			takes, last = true, true
		}
		if outside(a) || takes && i+1 < len(args) && outside(args[i+1]) {
			c.found(name, "would run what text from outside names")
		}
		if last {
			return
		}
		if takes {
			i++
		}
	}
}

// readUnknown looks for an interpreter with options behind a program that is not known.
func readUnknown(c *commands, _ string, args []string, stdin string) {
	for i, a := range args {
		_, interprets := interpreters[baseOf(a)]
		if interprets && i+1 < len(args) && strings.HasPrefix(args[i+1], "-") {
			inner := commandsOf(a, args[i+1:], stdin)
			c.runs, c.text = cmp.Or(c.runs, inner.runs), cmp.Or(c.text, inner.text)
			return
		}
	}
}
