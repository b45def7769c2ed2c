import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Gets a page twice, with a blocking socket and with a channel: Get HOST PORT. */
public class Get {
	static final byte[] REQUEST = "GET / HTTP/1.0\r\n\r\n".getBytes();

	public static void main(String[] words) throws Exception {
		InetSocketAddress server = new InetSocketAddress(words[0], Integer.parseInt(words[1]));
		String first = blocking(server), second = channel(server);
		if (!first.endsWith("the page\n") || !second.endsWith("the page\n"))
			throw new Exception(first + second);
		System.out.println("the page");
	}

	static String blocking(InetSocketAddress server) throws Exception {
		try (Socket socket = new Socket(server.getAddress(), server.getPort())) {
			socket.getOutputStream().write(REQUEST);
			return new String(socket.getInputStream().readAllBytes());
		}
	}

	static String channel(InetSocketAddress server) throws Exception {
		try (SocketChannel channel = SocketChannel.open(); Selector selector = Selector.open()) {
			channel.configureBlocking(false);
			SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
			channel.connect(server);
			selector.select();
			channel.finishConnect();
			key.interestOps(SelectionKey.OP_READ);
			channel.write(ByteBuffer.wrap(REQUEST));
			ByteBuffer answer = ByteBuffer.allocate(65536);
			do {
				selector.select();
				selector.selectedKeys().clear();
			} while (channel.read(answer) >= 0);
			return new String(answer.array(), 0, answer.position());
		}
	}
}
