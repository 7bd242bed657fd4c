#include "federation/http/net.hpp"

// The thread sanitizer does not know fences; Asio's are needed only where several threads run one context.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <mutex>
#include <optional>

namespace euromesh::federation {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Accepting goes on after such a pause when the process has no descriptors left.
constexpr auto accept_pause = std::chrono::milliseconds(50);
constexpr auto goodbye_limit = std::chrono::seconds(1);
// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

tcp::endpoint endpoint_of(const os::Address& address) {
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), address.raw(), address.size);
    endpoint.resize(address.size);
    return endpoint;
}

std::string peer_text(const tcp::socket& connection) {
    error_code error;
    const tcp::endpoint peer = connection.remote_endpoint(error);
    if (error) return "unknown";
    const auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

class PlainStream final : public ByteStream, public std::enable_shared_from_this<PlainStream> {
  public:
    explicit PlainStream(tcp::socket connection)
        : connection_(std::move(connection)), peer_(peer_text(connection_)) {}

    void handshake(std::shared_ptr<StreamUser> user) override { user->on_handshake(true); }

    void read(std::span<char> room, std::shared_ptr<StreamUser> user) override {
        connection_.async_read_some(
            asio::buffer(room.data(), room.size()),
            [self = shared_from_this(), user = std::move(user)](error_code error, std::size_t bytes) {
                if (!self->is_closed_) user->on_read(error ? 0 : bytes);
            });
    }

    void write(std::string_view bytes, std::shared_ptr<StreamUser> user) override {
        connection_.async_write_some(
            asio::buffer(bytes.data(), bytes.size()),
            [self = shared_from_this(), user = std::move(user)](error_code error, std::size_t sent) {
                if (!self->is_closed_) user->on_written(error ? 0 : sent);
            });
    }

    void end_sending() override {
        error_code unused;
        connection_.shutdown(tcp::socket::shutdown_send, unused);
    }

    void close() override { cut(); }

    void cut() override {
        error_code unused;
        is_closed_ = true;
        connection_.close(unused);
    }

    const std::string& peer() const override { return peer_; }

  private:
    tcp::socket connection_;
    std::string peer_;
    bool is_closed_ = false;
};

}  // namespace

struct ServerIdentity::State {
    asio::ssl::context context{asio::ssl::context::tls_server};
};

namespace {

class TlsStream final : public ByteStream, public std::enable_shared_from_this<TlsStream> {
  public:
    TlsStream(tcp::socket connection, std::shared_ptr<ServerIdentity> identity)
        : identity_(std::move(identity)),
          peer_(peer_text(connection)),
          goodbye_(connection.get_executor()),
          stream_(std::move(connection), identity_->state().context) {}

    void handshake(std::shared_ptr<StreamUser> user) override {
        ++running_;
        stream_.async_handshake(asio::ssl::stream_base::server,
                                [self = shared_from_this(), user = std::move(user)](error_code error) {
                                    self->is_secured_ = !error;
                                    if (self->goes_on()) user->on_handshake(!error);
                                });
    }

    void read(std::span<char> room, std::shared_ptr<StreamUser> user) override {
        ++running_;
        stream_.async_read_some(
            asio::buffer(room.data(), room.size()),
            [self = shared_from_this(), user = std::move(user)](error_code error, std::size_t bytes) {
                if (self->goes_on()) user->on_read(error ? 0 : bytes);
            });
    }

    void write(std::string_view bytes, std::shared_ptr<StreamUser> user) override {
        ++running_;
        stream_.async_write_some(
            asio::buffer(bytes.data(), bytes.size()),
            [self = shared_from_this(), user = std::move(user)](error_code error, std::size_t sent) {
                if (self->goes_on()) user->on_written(error ? 0 : sent);
            });
    }

    void end_sending() override {}

    // An operation that still runs is called off first: the good-bye must be the last thing that is written.
    void close() override {
        if (is_closed_) return;
        is_closed_ = true;
        if (!is_secured_) return close_socket();
        goodbye_.expires_after(goodbye_limit);
        goodbye_.async_wait([self = shared_from_this()](error_code error) {
            if (!error) self->close_socket();
        });
        error_code unused;
        if (running_ > 0)
            stream_.lowest_layer().cancel(unused);
        else
            say_goodbye();
    }

    void cut() override {
        is_closed_ = true;
        is_secured_ = false;
        goodbye_.cancel();
        close_socket();
    }

    const std::string& peer() const override { return peer_; }

  private:
    // One operation has ended; is there still somebody to be told?
    bool goes_on() {
        --running_;
        if (is_closed_ && running_ == 0 && is_secured_) say_goodbye();
        return !is_closed_;
    }

    void say_goodbye() {
        is_secured_ = false;
        stream_.async_shutdown([self = shared_from_this()](error_code) {
            self->goodbye_.cancel();
            self->close_socket();
        });
    }

    void close_socket() {
        error_code unused;
        stream_.lowest_layer().close(unused);
    }

    std::shared_ptr<ServerIdentity> identity_;
    std::string peer_;
    asio::steady_timer goodbye_;
    asio::ssl::stream<tcp::socket> stream_;
    int running_ = 0;
    bool is_secured_ = false;
    bool is_closed_ = false;
};

}  // namespace

struct IoLoop::State {
    // Only one thread runs it.
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::vector<std::unique_ptr<asio::steady_timer>> timers{};
};

namespace {

void arm(asio::steady_timer& timer, Nanoseconds period, std::function<void()> task) {
    timer.expires_after(period);
    timer.async_wait([&timer, period, task = std::move(task)](error_code error) {
        if (error) return;
        task();
        arm(timer, period, task);
    });
}

}  // namespace

IoLoop::IoLoop() : state_(std::make_unique<State>()) {}
IoLoop::~IoLoop() = default;

void IoLoop::run() {
    state_->context.run();
}

void IoLoop::stop() {
    state_->context.stop();
}

void IoLoop::drain() {
    state_->context.restart();
    state_->context.poll();
}

void IoLoop::post(std::function<void()> task) {
    asio::post(state_->context, std::move(task));
}

bool IoLoop::is_current() const {
    return state_->context.get_executor().running_in_this_thread();
}

void IoLoop::every(Nanoseconds period, std::function<void()> task) {
    state_->timers.push_back(std::make_unique<asio::steady_timer>(state_->context));
    arm(*state_->timers.back(), period, std::move(task));
}

ServerIdentity::ServerIdentity(std::unique_ptr<State> state) : state_(std::move(state)) {}
ServerIdentity::~ServerIdentity() = default;

Result<std::shared_ptr<ServerIdentity>> ServerIdentity::make(const std::string& certificates,
                                                             const std::string& key) {
    auto state = std::make_unique<State>();
    asio::ssl::context& context = state->context;
    error_code error;
    context.set_options(asio::ssl::context::no_sslv2 | asio::ssl::context::no_sslv3 |
                            asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                            asio::ssl::context::no_compression,
                        error);
    // Never a prompt on the terminal: an encrypted key is an error.
    context.set_password_callback(
        [](std::size_t, asio::ssl::context::password_purpose) { return std::string(); }, error);
    SSL_CTX_set_cipher_list(context.native_handle(), tls12_ciphers);
    SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    context.use_certificate_chain(asio::buffer(certificates), error);
    if (error) return fail(Code::bad_input, "server certificate: not a chain of certificates in PEM form");
    context.use_private_key(asio::buffer(key), asio::ssl::context::pem, error);
    const bool fits = !error && SSL_CTX_check_private_key(context.native_handle()) == 1;
    ERR_clear_error();
    if (!fits) {
        return fail(Code::bad_input,
                    "server key: not an unencrypted private key in PEM form, or not that of the certificate");
    }
    return std::shared_ptr<ServerIdentity>(new ServerIdentity(std::move(state)));
}

struct Listener::State : std::enable_shared_from_this<Listener::State> {
    State(std::vector<std::shared_ptr<IoLoop>> to, Accepted callback)
        : loops(std::move(to)),
          accepted(std::move(callback)),
          acceptor(context_of(0)),
          pause(context_of(0)) {}

    asio::io_context& context_of(std::size_t index) { return loops[index]->state().context; }

    void accept_next() {
        const std::size_t index = next++ % loops.size();
        acceptor.async_accept(context_of(index),
                              [self = shared_from_this(), index](error_code error, tcp::socket connection) {
                                  if (!self->acceptor.is_open()) return;
                                  if (error) return self->accept_later();
                                  self->hand_over(index, std::move(connection));
                                  self->accept_next();
                              });
    }

    void accept_later() {
        pause.expires_after(accept_pause);
        pause.async_wait([self = shared_from_this()](error_code error) {
            if (!error && self->acceptor.is_open()) self->accept_next();
        });
    }

    void hand_over(std::size_t index, tcp::socket connection) {
        error_code unused;
        connection.set_option(tcp::no_delay(true), unused);
        asio::post(context_of(index),
                   [self = shared_from_this(), index, connection = std::move(connection)]() mutable {
                       self->accepted(index, self->stream_of(std::move(connection)));
                   });
    }

    std::shared_ptr<ByteStream> stream_of(tcp::socket connection) {
        const std::lock_guard lock(mutex);
        if (identity) return std::make_shared<TlsStream>(std::move(connection), identity);
        return std::make_shared<PlainStream>(std::move(connection));
    }

    Status bind(const os::Endpoint& endpoint, const os::Address& address) {
        error_code error;
        const tcp::endpoint to = endpoint_of(address);
        acceptor.open(to.protocol(), error);
        if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor.bind(to, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        if (!error) return {};
        const Code code = error == asio::error::address_in_use  ? Code::conflict
                          : error == asio::error::access_denied ? Code::refused
                                                                : Code::unavailable;
        return fail(code, "listening on {}: {}", endpoint.text(), error.message());
    }

    std::vector<std::shared_ptr<IoLoop>> loops;
    Accepted accepted;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    std::size_t next = 0;
    std::mutex mutex{};
    std::shared_ptr<ServerIdentity> identity{};
};

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}
Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::open(const os::Endpoint& endpoint,
                                                 std::vector<std::shared_ptr<IoLoop>> loops,
                                                 Accepted accepted) {
    EM_ASSIGN(const std::vector<os::Address> addresses, os::look_up(endpoint, os::Family::any, true));
    auto state = std::make_shared<State>(std::move(loops), std::move(accepted));
    EM_TRY(state->bind(endpoint, addresses.front()));
    return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

std::uint16_t Listener::port() const {
    error_code error;
    return state_->acceptor.local_endpoint(error).port();
}

void Listener::use_identity(std::shared_ptr<ServerIdentity> identity) {
    const std::lock_guard lock(state_->mutex);
    state_->identity = std::move(identity);
}

void Listener::start() {
    asio::post(state_->context_of(0), [state = state_] { state->accept_next(); });
}

void Listener::close() {
    error_code unused;
    state_->acceptor.close(unused);
    state_->pause.cancel();
}

Result<bool> is_loopback(const os::Endpoint& endpoint) {
    EM_ASSIGN(const std::vector<os::Address> addresses, os::look_up(endpoint, os::Family::any, true));
    for (const os::Address& address : addresses) {
        if (!endpoint_of(address).address().is_loopback()) return false;
    }
    return true;
}

}  // namespace euromesh::federation
