#include "federation/http/connection.hpp"

#include <algorithm>

#include "federation/http/answer_writer.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t read_bytes = 4096;
constexpr std::size_t body_read_bytes = 64u << 10;
constexpr std::size_t event_write_bytes = 64u << 10;
// A refused body up to this size is read over, so that the connection can go on.
constexpr std::uint64_t skipped_body_bytes = 64u << 10;
constexpr std::size_t lingering_bytes = 1u << 20;
constexpr auto lingering_time = std::chrono::seconds(1);
constexpr auto no_deadline = Nanoseconds::max();

Problem too_slow(std::string what) {
    return simple_problem(408, "too-slow", std::move(what));
}

Problem late_answer() {
    Problem problem =
        simple_problem(503, "no-answer-in-time",
                       "no answer in time; what was asked for may still happen, so ask for its state, "
                       "or repeat it with the same Idempotency-Key");
    problem.headers.emplace_back("Retry-After", "1");
    return problem;
}

Problem too_many_streams() {
    Problem problem =
        simple_problem(503, "too-many-streams", "too many event streams are open; come again later");
    problem.headers.emplace_back("Retry-After", "10");
    return problem;
}

}  // namespace

// Where a handler's answer goes, from whatever thread it comes. It may outlive connection and server.
class ConnectionSink final : public CallSink {
  public:
    ConnectionSink(std::shared_ptr<Connection> connection, std::shared_ptr<IoLoop> loop, std::uint64_t serial,
                   std::size_t event_buffer_bytes)
        : connection_(connection),
          loop_(std::move(loop)),
          serial_(serial),
          event_buffer_bytes_(event_buffer_bytes) {}

    void answer(HttpAnswer answer) override {
        if (loop_->is_current()) return deliver(connection_, serial_, std::move(answer));
        loop_->post([to = connection_, serial = serial_, answer = std::move(answer)]() mutable {
            deliver(to, serial, std::move(answer));
        });
    }

    std::shared_ptr<EventStream> open_events() override {
        auto wake = [to = connection_, loop = std::weak_ptr<IoLoop>(loop_)] {
            const auto running = loop.lock();
            if (!running) return;
            running->post([to] {
                if (const auto connection = to.lock()) connection->flush_events();
            });
        };
        auto events = std::make_shared<EventStream>(event_buffer_bytes_, std::move(wake));
        if (loop_->is_current())
            attach(connection_, serial_, events);
        else
            loop_->post([to = connection_, serial = serial_, events] { attach(to, serial, events); });
        return events;
    }

  private:
    static void deliver(const std::weak_ptr<Connection>& to, std::uint64_t serial, HttpAnswer answer) {
        if (const auto connection = to.lock()) connection->deliver(serial, std::move(answer));
    }

    static void attach(const std::weak_ptr<Connection>& to, std::uint64_t serial,
                       const std::shared_ptr<EventStream>& events) {
        if (const auto connection = to.lock())
            connection->attach(serial, events);
        else
            events->close(StreamEnd::client_left);
    }

    std::weak_ptr<Connection> connection_;
    std::shared_ptr<IoLoop> loop_;
    std::uint64_t serial_;
    std::size_t event_buffer_bytes_;
};

Connection::Connection(ConnectionHost host, std::shared_ptr<IoLoop> loop, std::shared_ptr<ByteStream> stream,
                       std::function<void(Connection*)> on_closed)
    : host_(host),
      loop_(std::move(loop)),
      stream_(std::move(stream)),
      on_closed_(std::move(on_closed)),
      reader_(host.limits.header_bytes) {}

void Connection::set_deadline(Nanoseconds after) {
    deadline_ = after == no_deadline ? no_deadline : host_.clock.monotonic() + after;
}

void Connection::start() {
    set_deadline(host_.limits.handshake);
    stream_->handshake(shared_from_this());
}

void Connection::on_handshake(bool is_good) {
    if (!is_good) return close();
    state_ = State::head;
    set_deadline(host_.limits.read_header);
    begin_read();
}

void Connection::begin_read() {
    const std::size_t room = state_ == State::body ? body_read_bytes : read_bytes;
    if (input_.size() < input_end_ + room) input_.resize(input_end_ + room);
    is_reading_ = true;
    stream_->read({input_.data() + input_end_, input_.size() - input_end_}, shared_from_this());
}

void Connection::on_read(std::size_t bytes) {
    is_reading_ = false;
    host_.metrics.received_bytes.add(bytes);
    if (state_ == State::streaming) return read_while_streaming(bytes);
    if (state_ == State::lingering) {
        lingered_bytes_ += bytes;
        if (bytes == 0 || lingered_bytes_ > lingering_bytes) return close();
        return begin_read();
    }
    if (bytes == 0) return close();
    // A head must come within its time from its first byte, not from each.
    if (state_ == State::head && input_end_ == 0) set_deadline(host_.limits.read_header);
    input_end_ += bytes;
    advance();
}

// Steps through what has come until more is needed or a handler has it.
void Connection::advance() {
    while ((state_ == State::head || state_ == State::body) && take_step()) {
    }
}

bool Connection::take_step() {
    std::size_t used = 0;
    const auto step = reader_.feed(std::string_view(input_).substr(0, input_end_), used);
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(used),
              input_.begin() + static_cast<std::ptrdiff_t>(input_end_), input_.begin());
    input_end_ -= used;
    switch (step) {
        case RequestReader::Step::head:
            take_head();
            return true;
        case RequestReader::Step::done:
            take_body();
            return true;
        case RequestReader::Step::wrong:
            host_.metrics.broken_requests.add();
            refuse(reader_.problem());
            return false;
        case RequestReader::Step::more:
            expect_more();
            return false;
    }
    return false;
}

void Connection::take_head() {
    const RequestHead& head = reader_.head();
    began_ = host_.clock.monotonic();
    admission_ = host_.dispatcher.admit(head, stream_->peer());
    host_.metrics.in_flight.add(1);
    closes_after_ = !head.keeps_alive || is_stopping_;
    state_ = State::body;
    if (!admission_.answer) return reader_.set_body_limit(admission_.body_limit);
    const bool can_skip =
        !head.is_chunked && !head.expects_continue && head.content_length.value_or(0) <= skipped_body_bytes;
    if (can_skip) return reader_.set_body_limit(skipped_body_bytes);
    has_unread_body_ = true;
    send_answer(*admission_.answer);
}

// More bytes are needed: ask for them, the first time with the word that the client may wait for.
void Connection::expect_more() {
    if (state_ == State::body && !is_body_timed_) {
        is_body_timed_ = true;
        set_deadline(host_.limits.read_body);
        if (reader_.head().expects_continue && input_end_ == 0) {
            output_ = continue_bytes;
            return write_output();
        }
    }
    begin_read();
}

void Connection::take_body() {
    if (!admission_.answer) {
        if (auto problem = host_.dispatcher.take_body(admission_, reader_.take_body())) {
            admission_.answer = problem_answer(*problem, admission_.call.request_id);
        }
    }
    if (admission_.answer) return send_answer(*admission_.answer);
    dispatch();
}

void Connection::dispatch() {
    const Route& route = *admission_.route;
    state_ = State::waiting;
    set_deadline(route.answer_limit > Nanoseconds(0) ? route.answer_limit : host_.limits.answer);
    const Responder responder(std::make_unique<ConnectionSink>(shared_from_this(), loop_, ++serial_,
                                                               host_.limits.event_buffer_bytes),
                              admission_.call.request_id);
    route.handler(admission_.call, responder);
}

void Connection::deliver(std::uint64_t serial, HttpAnswer answer) {
    if (state_ == State::waiting && serial == serial_) send_answer(answer);
}

// The request cannot be understood, or did not come in time: the connection is of no further use.
void Connection::refuse(const Problem& problem) {
    if (state_ == State::head) {
        admission_ = Admission{};
        admission_.call.request_id = host_.dispatcher.next_request_id();
        admission_.call.client = stream_->peer();
        began_ = host_.clock.monotonic();
        host_.metrics.in_flight.add(1);
    }
    has_unread_body_ = true;
    send_answer(problem_answer(problem, admission_.call.request_id));
}

void Connection::send_answer(const HttpAnswer& answer) {
    closes_after_ = closes_after_ || has_unread_body_ || is_stopping_;
    state_ = State::writing;
    output_ = answer_bytes(answer, {.request_id = admission_.call.request_id,
                                    .keeps_alive = !closes_after_,
                                    .is_head = admission_.is_head});
    answer_bytes_ = output_.size();
    account(answer.status);
    begin_write();
}

void Connection::account(int status) {
    const Nanoseconds duration = host_.clock.monotonic() - began_;
    host_.metrics.in_flight.add(-1);
    host_.metrics.count(admission_.route, status, duration);
    if (host_.access_log != nullptr) write_log(status, duration);
}

// Path without the query: what stands in a query may be a secret.
void Connection::write_log(int status, Nanoseconds duration) const {
    const HttpCall& call = admission_.call;
    host_.access_log->info("request", {{"id", call.request_id},
                                       {"client", call.client},
                                       {"who", call.principal_name},
                                       {"method", reader_.head().method},
                                       {"path", call.path},
                                       {"route", admission_.route == nullptr ? "none" : admission_.route->id},
                                       {"status", status},
                                       {"bytes", answer_bytes_},
                                       {"us", duration.count() / 1000}});
}

void Connection::begin_write() {
    set_deadline(host_.limits.write);
    write_output();
}

void Connection::write_output() {
    is_writing_ = true;
    stream_->write(std::string_view(output_).substr(output_sent_), shared_from_this());
}

void Connection::on_written(std::size_t bytes) {
    is_writing_ = false;
    host_.metrics.sent_bytes.add(bytes);
    if (bytes == 0) return close();
    output_sent_ += bytes;
    if (output_sent_ < output_.size()) return state_ == State::body ? write_output() : begin_write();
    output_.clear();
    output_sent_ = 0;
    if (state_ == State::body) return begin_read();
    if (state_ == State::writing) return finish_answer();
    if (state_ == State::streaming) return flush_events();
}

void Connection::finish_answer() {
    if (closes_after_) return has_unread_body_ || input_end_ > 0 ? linger() : close();
    reader_.reset();
    admission_ = Admission{};
    answer_bytes_ = 0;
    is_body_timed_ = false;
    // A thousand connections that wait shall not hold the room of a thousand bodies.
    if (input_.size() > 4 * read_bytes && input_end_ <= read_bytes) {
        input_.resize(read_bytes);
        input_.shrink_to_fit();
    }
    state_ = State::head;
    set_deadline(input_end_ > 0 ? host_.limits.read_header : host_.limits.idle);
    advance();
}

// A client that still sends must get our answer before it learns that nobody reads any more.
void Connection::linger() {
    state_ = State::lingering;
    set_deadline(lingering_time);
    input_end_ = 0;
    stream_->end_sending();
    if (!is_reading_) begin_read();
}

void Connection::attach(std::uint64_t serial, std::shared_ptr<EventStream> events) {
    if (state_ != State::waiting || serial != serial_) return events->close(StreamEnd::client_left);
    if (host_.metrics.event_streams.value() >= static_cast<std::int64_t>(host_.limits.event_streams)) {
        events->close(StreamEnd::too_many);
        return send_answer(problem_answer(too_many_streams(), admission_.call.request_id));
    }
    host_.metrics.event_streams.add(1);
    events_ = std::move(events);
    state_ = State::streaming;
    last_event_ = host_.clock.monotonic();
    account(200);
    output_ = answer_bytes(text_answer("", "text/event-stream"), {.request_id = admission_.call.request_id,
                                                                  .keeps_alive = false,
                                                                  .is_head = admission_.is_head,
                                                                  .has_length = false});
    if (admission_.is_head || is_stopping_) events_->finish();
    input_end_ = 0;
    begin_write();
    if (!is_reading_) begin_read();
}

// Nothing more is expected from a client that listens, but its end.
void Connection::read_while_streaming(std::size_t bytes) {
    lingered_bytes_ += bytes;
    if (bytes == 0 || lingered_bytes_ > lingering_bytes) {
        events_->close(StreamEnd::client_left);
        return close();
    }
    begin_read();
}

void Connection::flush_events() {
    if (state_ != State::streaming) return;
    const StreamEnd end = events_->end();
    // Whoever does not read will not read the rest either.
    if (end == StreamEnd::too_slow) host_.metrics.dropped_slow.add();
    if (end == StreamEnd::too_slow) return cut();
    if (is_writing_) return;
    output_ = events_->take(event_write_bytes);
    if (!output_.empty()) {
        last_event_ = host_.clock.monotonic();
        return begin_write();
    }
    deadline_ = no_deadline;
    if (end != StreamEnd::open) close();
}

void Connection::begin_stop() {
    is_stopping_ = true;
    closes_after_ = true;
    const bool is_idle = state_ == State::handshake || (state_ == State::head && input_end_ == 0);
    if (is_idle) return close();
    if (state_ == State::streaming) events_->close(StreamEnd::server_stops);
}

void Connection::tick() {
    const Nanoseconds now = host_.clock.monotonic();
    if (state_ == State::streaming && now - last_event_ >= host_.limits.heartbeat) {
        last_event_ = now;
        events_->send(make_heartbeat());
    }
    if (state_ != State::closed && now >= deadline_) time_out();
}

void Connection::time_out() {
    switch (state_) {
        case State::head:
            if (input_end_ == 0) return close();
            host_.metrics.broken_requests.add();
            return refuse(too_slow("the headers did not come in time"));
        case State::body:
            host_.metrics.broken_requests.add();
            return refuse(too_slow("the body did not come in time"));
        case State::waiting:
            ++serial_;
            return send_answer(problem_answer(late_answer(), admission_.call.request_id));
        case State::streaming:
            host_.metrics.dropped_slow.add();
            events_->close(StreamEnd::too_slow);
            return cut();
        default:
            return cut();
    }
}

void Connection::end_events() {
    if (!events_) return;
    host_.metrics.event_streams.add(-1);
    std::exchange(events_, nullptr)->close(StreamEnd::client_left);
}

void Connection::close() {
    if (state_ == State::closed) return;
    if (state_ == State::body || state_ == State::waiting) host_.metrics.in_flight.add(-1);
    state_ = State::closed;
    ++serial_;
    stream_->close();
    end_events();
    on_closed_(this);
}

void Connection::cut() {
    stream_->cut();
    close();
}

}  // namespace euromesh::federation
