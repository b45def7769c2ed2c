<?php
/* Answers over TLS: https_server.php PORT CHAIN-FILE KEY-FILE. Run it under `ssa run`. */

declare(strict_types=1);

require __DIR__ . '/../../bindings/php/src/functions.php';

if ($argc !== 4) {
    fwrite(STDERR, "usage: https_server.php PORT CHAIN-FILE KEY-FILE\n");
    exit(2);
}
try {
    $l = SSA\socket();
    SSA\set_option($l, SSA\TLS_CERTIFICATE_CHAIN, $argv[2]);
    SSA\set_option($l, SSA\TLS_PRIVATE_KEY, $argv[3]);
    socket_set_option($l, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!socket_bind($l, '127.0.0.1', (int) $argv[1]) || !socket_listen($l, SOMAXCONN)) {
        throw SSA\failure($l, 'listen', socket_last_error($l));
    }
    socket_getsockname($l, $address, $port);
    echo "listening on port $port\n";
    while (true) {
        answer(SSA\accept($l));
    }
} catch (SSA\SocketError $e) {
    fwrite(STDERR, $e->getMessage() . "\n");
    exit(1);
}

function answer(Socket $c): void
{
    while (($line = socket_read($c, 8192, PHP_NORMAL_READ)) !== false && $line !== '' && trim($line) !== '') {
        socket_read($c, 1, PHP_BINARY_READ); // the line feed after the carriage return
    }
    $page = 'hello, ' . SSA\get_option($c, SSA\TLS_HOSTNAME) . "\n";
    socket_write($c, "HTTP/1.0 200 OK\r\nContent-Length: " . strlen($page) . "\r\n\r\n" . $page);
    socket_close($c);
}
