<?php
/* Fetches a page over TLS: https_client.php HOST PORT [CA-FILE]. Run it under `ssa run`. */

declare(strict_types=1);

require __DIR__ . '/../../bindings/php/src/functions.php';

if ($argc < 3 || $argc > 4) {
    fwrite(STDERR, "usage: https_client.php HOST PORT [CA-FILE]\n");
    exit(2);
}
try {
    $s = SSA\socket();
    if (isset($argv[3])) {
        SSA\set_option($s, SSA\TLS_TRUSTED_PEER_CERTIFICATES, $argv[3]);
    }
    SSA\connect($s, $argv[1], (int) $argv[2]);
} catch (SSA\SocketError $e) {
    fwrite(STDERR, $e->getMessage() . "\n");
    exit(1);
}
socket_write($s, "GET / HTTP/1.0\r\nHost: $argv[1]\r\n\r\n");
while (($text = socket_read($s, 8192)) !== false && $text !== '') {
    echo $text;
}
