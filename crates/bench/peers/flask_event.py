"""The handler of `millstream-bench events` as a few lines of Flask: an event is put into SQLite, in a
transaction of its own, and answered.

    python3 crates/bench/peers/flask_event.py 5000 events.db
    millstream-bench events --address 127.0.0.1:5000
"""

import logging
import sqlite3
import sys
import threading

from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler

app = Flask(__name__)
connection = sqlite3.connect(sys.argv[2], check_same_thread=False)
connection.executescript(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY, k TEXT, v INTEGER)"
)
one_writes = threading.Lock()


@app.post("/event")
def event():
    given = request.get_json()
    events = given if isinstance(given, list) else [given]
    with one_writes, connection:
        connection.executemany(
            "INSERT INTO kept VALUES (:id, :k, :v)"
            " ON CONFLICT (id) DO UPDATE SET k = excluded.k, v = excluded.v",
            events,
        )
    return jsonify(result="success", count=len(events))


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    app.run(port=int(sys.argv[1]), threaded=True)
