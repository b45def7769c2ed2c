// Prints a page: get.js URL.
require('http').get(process.argv[2], (answer) => answer.pipe(process.stdout))
	.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
