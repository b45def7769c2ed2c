<?php // Prints a page: get.php URL.
$page = @file_get_contents($argv[1]);
if ($page === false)
	exit(1);
echo $page;
