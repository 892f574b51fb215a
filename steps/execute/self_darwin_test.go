package execute_test

const self = "" // there is nothing to be started as
