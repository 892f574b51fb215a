package check

// The keys of the mappings that have a place in the language of their own.
var (
	awaitKeys       = []string{"uses", "with", "until", "on", "fail_if", "message", "code", "every", "timeout"}
	retryKeys       = []string{"attempts", "delay", "backoff", "max_delay", "on", "if", "before"}
	concurrencyKeys = []string{"group", "lock"}
	lockKeys        = []string{"repo", "service"}
)

// Keys are all keys of the language, by where they stand: at the top of a
// skill, in a step, in its await and its retry, in the declaration of an input
// or a config value, in concurrency, in the lock of that, and at the top of a step
// type. It is for whoever
// has to tell of all of them: editors, pages and tests.
func Keys() map[string][]string {
	return map[string][]string{
		"skill": skillKeys, "step": stepKeys(), "await": awaitKeys, "retry": retryKeys,
		"declaration": schemaKeys, "concurrency": concurrencyKeys, "lock": lockKeys,
		"step type": stepTypeKeys,
	}
}

var skillKeys = []string{"language", "name", "description", "version", "identity", "concurrency", "timeout", "inputs", "config", "secrets", "steps", "outputs"}
