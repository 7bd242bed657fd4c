// One client: requests in, answers out, every wait with an end.
//
// A state machine over a ByteStream; time comes from outside by tick(). One request is handled at a time;
// what a client sends ahead waits in the socket and in a small buffer. An answer that comes after its time,
// or for a client that has left, is dropped.
//
// Thread rule: everything on the loop's thread, but for the answers of handlers, which come from anywhere
// and are posted there.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "federation/http/dispatcher.hpp"
#include "federation/http/net.hpp"
#include "federation/http/server.hpp"
#include "federation/http/server_metrics.hpp"

namespace euromesh::federation {

// What all connections of a server share.
struct ConnectionHost {
    Dispatcher& dispatcher;
    ServerMetrics& metrics;
    const HttpLimits& limits;
    const Clock& clock;
    const Logger* access_log;  // null: none
};

class Connection final : public StreamUser, public std::enable_shared_from_this<Connection> {
  public:
    Connection(ConnectionHost host, std::shared_ptr<IoLoop> loop, std::shared_ptr<ByteStream> stream,
               std::function<void(Connection*)> on_closed);

    void start();
    // Ends what has waited for too long; sends heartbeats. To be called a few times a second.
    void tick();
    // The running request is finished, then the connection ends.
    void begin_stop();
    void cut();

    void on_handshake(bool is_good) override;
    void on_read(std::size_t bytes) override;
    void on_written(std::size_t bytes) override;

  private:
    friend class ConnectionSink;
    enum class State { handshake, head, body, waiting, writing, streaming, lingering, closed };

    void advance();
    bool take_step();
    void take_head();
    void take_body();
    void begin_read();
    void expect_more();
    void dispatch();
    void deliver(std::uint64_t serial, HttpAnswer answer);
    void attach(std::uint64_t serial, std::shared_ptr<EventStream> events);
    void refuse(const Problem& problem);
    void send_answer(const HttpAnswer& answer);
    void begin_write();
    void write_output();
    void finish_answer();
    void account(int status);
    void write_log(int status, Nanoseconds duration) const;
    void flush_events();
    void end_events();
    void read_while_streaming(std::size_t bytes);
    void linger();
    void close();
    void set_deadline(Nanoseconds after);
    void time_out();

    ConnectionHost host_;
    std::shared_ptr<IoLoop> loop_;
    std::shared_ptr<ByteStream> stream_;
    std::function<void(Connection*)> on_closed_;
    State state_ = State::handshake;
    RequestReader reader_;
    Admission admission_{};
    std::string input_{};
    std::size_t input_end_ = 0;  // bytes of it that have come
    std::string output_{};
    std::size_t output_sent_ = 0;
    std::size_t answer_bytes_ = 0;
    std::shared_ptr<EventStream> events_{};
    std::uint64_t serial_ = 0;  // of the request, so that late answers are known
    Nanoseconds deadline_{0};
    Nanoseconds began_{0};
    Nanoseconds last_event_{0};
    std::size_t lingered_bytes_ = 0;
    bool is_reading_ = false;
    bool is_writing_ = false;
    bool is_body_timed_ = false;
    bool closes_after_ = false;
    bool has_unread_body_ = false;
    bool is_stopping_ = false;
};

}  // namespace euromesh::federation
