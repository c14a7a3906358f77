# What the scripts in faults.yml may call. Before it come: base, label, party, own (the address of the node), other (that of
# the other party's first node) and the functions user (the account of a component) and address (that of a node).

home() { echo "$base/$label-$party-$1"; }
unit() { echo "fatecloud-$label-$party-$1.service"; }
pid() { systemctl show -P MainPID "$(unit "$1")"; }
worker() { pgrep -o -P "$(pid "$1")"; }
as() { component=$1; shift; runuser -u "$(user "$component")" -- "$@"; }
sql() { as mysql mariadb --no-defaults --socket="$(home mysql)/run/mysqld.sock" -e "$1"; }
broker() { as rabbitmq "$(home rabbitmq)/bin/rabbitmqctl" "$@"; }

# Where the files of a component's configuration are.
conf() {
    case $1 in
        clustermanager | nodemanager | rollsite) echo "$(home "$1")/trees/eggroll/conf" ;;
        osx) echo "$(home osx)/trees/osx/conf/broker" ;;
        serving-*) echo "$(home "$1")/trees/$1/conf" ;;
        board) echo "$(home board)/trees/fateboard/conf" ;;
        *) echo "$(home "$1")/conf" ;;
    esac
}

# One more line in a file of a component's configuration.
edit() { echo '# by hand' >> "$(conf "$1")/$2"; }

# Another value in a file of a component's configuration, by a script of sed that changes something; and the file as it was.
sets() {
    file=$(conf "$1")/$2
    cp -p "$file" /var/tmp/before
    sed -i "$3" "$file"
    ! cmp -s "$file" /var/tmp/before
}
resets() { cp -p /var/tmp/before "$(conf "$1")/$2"; rm /var/tmp/before; }

# The start script of a component, changed by a script of sed that changes something, and the service started with it.
starts_with() {
    file=$(home "$1")/bin/start
    cp -p "$file" /var/tmp/before
    sed -i "$2" "$file"
    ! cmp -s "$file" /var/tmp/before
    restart "$1"
}

# What a fixture of EggRoll and OSX is to do until it is started again, a line of its `faults.properties`; and nothing more.
asked() { echo "$2" > "$base/data/$label-$party-$1/faults.properties"; }
no_more() { rm "$base/data/$label-$party-$1/faults.properties"; }

restart() { systemctl restart "$(unit "$1")" || true; }

# A component's unit with other directives (lines for printf); read again, or restarted with them; and without them again.
directives() {
    mkdir -p "/run/systemd/system/$(unit "$1").d"
    printf "[Service]\n$2\n" > "/run/systemd/system/$(unit "$1").d/other.conf"
    systemctl daemon-reload
}
override() { directives "$1" "$2"; restart "$1"; }
override_ends() {
    rm -rf "/run/systemd/system/$(unit "$1").d"
    systemctl daemon-reload
}
as_deployed() { override_ends "$1"; systemctl restart "$(unit "$1")"; }

# A component's main process is killed as often as $2 says; after the last time its supervisor waits for a minute.
crashes() {
    directives "$1" RestartSec=1
    for number in $(seq 2 "$2"); do
        before=$(pid "$1")
        kill -KILL "$before"
        for second in 1 2 3 4 5 6 7 8 9; do
            sleep 1
            case $(pid "$1") in 0 | "$before") ;; *) break ;; esac
        done
    done
    directives "$1" RestartSec=60
    kill -KILL "$(pid "$1")"
}

# What ends within five minutes after a start of ours was started into a fault: until they are over.
proves_itself() {
    python3 - "$base/.fatecloud/manifest.json" "/$1@" <<'END'
import json, sys, time

with open(sys.argv[1]) as file:
    services = json.load(file)["services"]
began = max(entry.get("at", 0) for key, entry in services.items() if sys.argv[2] in key)
time.sleep(min(300, max(0, began + 301 - time.time())))
END
}

# A component's main process is killed, and its supervisor has started it again: it listens on the port $2. Until then it
# is down, and a finding.
crashes_once() {
    proves_itself "$1"
    kill -KILL "$(pid "$1")"
    sleep 1
    for second in $(seq 40); do
        ! ss -ltn | grep -q ":$2 " || break
        sleep 1
    done
    sleep 3
}

# The proxy ends 8 seconds after each start, as with a configuration that it cannot live with; twice already.
ends_again() {
    override nginx "ExecStart=\nExecStart=/usr/bin/timeout -s KILL 8 $(home nginx)/bin/start"
    sleep 24
}

# The proxy runs with a changed configuration, while the file is right again.
runs_with() {
    conf=$(home nginx)/conf/nginx.conf
    cp -p "$conf" "$conf.kept"
    sed -i "$1" "$conf"
    ! cmp -s "$conf" "$conf.kept"
    kill -HUP "$(pid nginx)"
    sleep 1
    mv "$conf.kept" "$conf"
}

# The running proxy does not let the other party in.
knows_no_party() {
    said='{"code":403,"message":"nginx of party '$party': it knows no party at $remote_addr"}'
    runs_with "s#listen .*:9300;#& if (\$remote_addr = $other) { return 403 '$said'; }#"
}

# Another program has the proxy's port.
stranger() {
    server="import http.server as h; h.ThreadingHTTPServer(('', 9300), h.SimpleHTTPRequestHandler).serve_forever()"
    systemctl stop "$(unit nginx)"
    systemd-run --unit=stranger --working-directory=/srv python3 -c "$server"
    sleep 1
    systemctl start --no-block "$(unit nginx)"
}
stranger_leaves() { systemctl stop stranger; systemctl restart "$(unit nginx)"; }

# The logs are on a file system of their own that has no room.
fill_logs() {
    logs=$base/logs
    size=$(($(du -sm "$logs" | cut -f1) + 8))
    cp -a "$logs" /var/tmp/kept
    mount -t tmpfs -o "size=${size}m,mode=755" tmpfs "$logs"
    cp -a /var/tmp/kept/. "$logs/"
    rm -rf /var/tmp/kept
    dd if=/dev/zero of="$logs/fill" bs=1M count="$size" 2>/dev/null || true
}

# The logs are on a file system of their own that has hardly an inode left.
few_inodes() {
    logs=$base/logs
    cp -a "$logs" /var/tmp/kept
    mount -t tmpfs -o "size=2g,nr_inodes=$(($(find "$logs" | wc -l) + 400)),mode=755" tmpfs "$logs"
    cp -a /var/tmp/kept/. "$logs/"
    rm -rf /var/tmp/kept
    for number in $(seq 390); do : > "$logs/fill-$number"; done
}

# The logs are on a file system that is read-only.
read_only_logs() {
    mount --bind "$base/logs" "$base/logs"
    mount -o remount,bind,ro "$base/logs"
}

# The logs are on a small file system of their own that is all but empty.
small_logs() {
    cp -a "$base/logs" /var/tmp/kept
    mount -t tmpfs -o "size=$((400 + 2 * $(du -sm "$base/logs" | cut -f1)))m,mode=755" tmpfs "$base/logs"
    cp -a /var/tmp/kept/. "$base/logs/"
    rm -rf /var/tmp/kept
}

# The logs are on a file system of their own that has 7 % left.
little_room() {
    small_logs
    size=$(df -m --output=size "$base/logs" | tail -1)
    used=$(df -m --output=used "$base/logs" | tail -1)
    fallocate -l "$((size * 93 / 100 - used))m" "$base/logs/fill"
}

# As many processes as $1 that want a core, for 90 s; at the lowest priority, so that only the queue is long.
busy() {
    loop="for n in \$(seq $1); do while :; do :; done & done; wait"
    systemd-run --quiet --unit=busy --nice=19 -p RuntimeMaxSec=90 sh -c "$loop"
}
busy_ends() { systemctl stop busy || true; systemctl reset-failed busy 2>/dev/null || true; }

# Answers of flow's own API are lost: to those who ask, it is slow.
slow() { iptables -I OUTPUT -o lo -p tcp --sport 9380 -j DROP; }
slow_ends() { iptables -D OUTPUT -o lo -p tcp --sport 9380 -j DROP; }

zone() { timedatectl set-timezone "$1"; }

# Names that the node knows the other party's node by.
knows() { for name in "$@"; do echo "$other $name" >> /etc/hosts; done; }
forgets() {
    for name in "$@"; do
        # A container's file is a mount, which nothing can be renamed to.
        kept=$(grep -v " $name\$" /etc/hosts)
        echo "$kept" > /etc/hosts
    done
}

# An error of 13 minutes ago in flow's log.
old_error() {
    at=$(date -d "13 minutes ago" "+%F %T,000")
    echo "[ERROR] [$at] [Server] [1:1] - [a.b] [line:1]: long repaired" >> "$base/logs/$label-$party-flow/fate_flow/fate_flow_stat.log"
}

# Flow runs with another file than the one that is there, changed by a script of sed.
ran_with() {
    cp -p "$1" /var/tmp/before
    # Not replaced: a directory with other entries is a finding of its own.
    sed "$2" /var/tmp/before > "$1"
    ! cmp -s "$1" /var/tmp/before
    restart flow
    for second in $(seq 20); do
        sleep 1
        ss -ltn | grep -q ':9380 ' && break
    done
    cat /var/tmp/before > "$1"
    touch -r /var/tmp/before "$1"
    rm /var/tmp/before
}
another_version() { ran_with "$(home flow)/venv/lib/python3.10/site-packages/fate_flow/fateflow.env" s/FATE_FLOW=2/FATE_FLOW=1/; }
another_level() { ran_with "$(home flow)/conf/service_conf.yaml" 's/^log_level: .*/log_level: 10/'; }

# Jobs that have been waiting for 20 minutes, as many as $1; flow's scheduler does not know them.
queue() {
    columns=f_protocol,f_flow_id,f_job_id,f_user_name,f_tag,f_dag,f_parties,f_initiator_party_id,f_scheduler_party_id,f_status,f_role,f_party_id
    columns=$columns,f_model_version,f_cores,f_memory,f_remaining_cores,f_remaining_memory,f_resource_in_use,f_create_time,f_start_time
    began="(UNIX_TIMESTAMP() - 1200) * 1000"
    for number in $(seq "$1"); do
        values="'fate_flow','','$((20000000000000 + number))','','','{}','[]','$party','$party','waiting','guest','$party','0',1,0,1,0,0,$began,$began"
        sql "INSERT INTO fate_flow.t_job ($columns) VALUES ($values)"
    done
}
queue_ends() { sql "DELETE FROM fate_flow.t_job WHERE f_job_id LIKE '200000000%'"; }

# Sessions at the database that go on beside all else; one of them keeps the lock of flow's table of jobs.
beside() {
    client="mariadb --no-defaults --socket=$(home mysql)/run/mysqld.sock"
    systemd-run --quiet --unit=beside --collect runuser -u "$(user mysql)" -- sh -c "client='$client'; $1"
}
locked() { beside "\$client -e 'LOCK TABLES fate_flow.t_job WRITE; SELECT SLEEP(600)'"; }

# So many sessions that do nothing, and so many connections left besides; and the server as it was.
sessions() {
    beside "for n in \$(seq $1); do \$client -e 'SELECT SLEEP(300)' & done; wait"
    sleep 3
    used=$(sql "SHOW STATUS LIKE 'Threads_connected'" | awk '/Threads/ { print $2 }')
    sql "SET GLOBAL max_connections = $((used + $2))"
}
sessions_end() {
    systemctl stop beside
    sql "SET GLOBAL max_connections = $(awk -F= '/^max_connections/ { print $2 }' "$(home mysql)/conf/my.cnf")"
}

# Between here and the other party's broker something says that it is of another version.
newer_broker() {
    cat > /var/tmp/between.py <<'END'
import socket, sys, threading

def carry(source, target, change):
    while data := source.recv(65536):
        target.sendall(change(data))
    target.close()

server = socket.create_server(("127.0.0.1", 5999))
while True:
    near, _ = server.accept()
    far = socket.create_connection((sys.argv[1], 5672))
    threading.Thread(target=carry, args=(near, far, lambda data: data), daemon=True).start()
    threading.Thread(target=carry, args=(far, near, lambda data: data.replace(b"3.10.", b"4.10.")), daemon=True).start()
END
    systemd-run --quiet --unit=between --uid=daemon python3 /var/tmp/between.py "$other"
    iptables -t nat -I OUTPUT -p tcp -d "$other" --dport 5672 -m owner ! --uid-owner daemon -j REDIRECT --to-ports 5999
    sleep 1
}
newer_broker_ends() {
    iptables -t nat -D OUTPUT -p tcp -d "$other" --dport 5672 -m owner ! --uid-owner daemon -j REDIRECT --to-ports 5999
    systemctl stop between
}

# A task's queue whose link leads to a port of the other party where nothing listens.
failing_link() {
    broker add_vhost 1_task
    broker set_permissions -p 1_task fate '.*' '.*' '.*'
    broker set_parameter -p 1_task federation-upstream up "{\"uri\": \"amqp://other:other@$other:5679\"}"
    broker set_policy -p 1_task all '.*' '{"federation-upstream": "up"}' --apply-to queues
    cat > /var/tmp/task.py <<'END'
import pika, sys, yaml

conf = yaml.safe_load(open(sys.argv[1]))["federation"]["rabbitmq"]
login = pika.PlainCredentials(conf["user"], str(conf["password"]))
task = pika.BlockingConnection(pika.ConnectionParameters(conf["host"], conf["port"], "1_task", login))
task.channel().queue_declare("results")
task.process_data_events(300)
END
    systemd-run --quiet --unit=task --uid="$(user flow)" "$(home flow)/venv/bin/python" /var/tmp/task.py "$(home flow)/conf/service_conf.yaml"
}
failing_link_ends() {
    systemctl stop task || true
    broker delete_vhost 1_task
}

# A run that was killed long ago has left its lock.
stale_lease() {
    umask 077
    python3 - "$base/.fatecloud" <<'END'
import json, sys

with open(sys.argv[1] + "/manifest.json") as file:
    record = json.load(file)
lease = {"run": "r9", "owner": "ann", "controller": "other", "boot": "", "process": {}, "expires": 1, "offset": 0}
lease.update({key: record[key] for key in ("cluster", "id", "node")})
with open(sys.argv[1] + "/lease.json", "w") as file:
    json.dump(lease, file)
END
}

# An egg that EggRoll believes to run on a node, and that no one has heard of; and without it again.
egg_of() {
    columns=session_id,server_node_id,processor_type,status,tag,command_endpoint,transfer_endpoint,processor_option,pid
    values="'gone',server_node_id,'egg_pair','RUNNING','','127.0.0.1:1','127.0.0.1:1','{}',4194000"
    from="eggroll_meta.server_node WHERE node_type = 'NODE_MANAGER' AND host = '$(address "$1")'"
    sql "INSERT INTO eggroll_meta.session_processor ($columns) SELECT $values FROM $from"
}
no_egg() { sql "DELETE FROM eggroll_meta.session_processor WHERE session_id = 'gone'"; }

# A component's main process once more, beside the first one; its log of collections stays the first one's.
again() {
    set -f
    # shellcheck disable=SC2046 # its words are what is wanted
    setsid $(tr '\0' ' ' < "/proc/$(pid "$1")/cmdline" | sed 's/-Xlog[^ ]*//') > /dev/null 2>&1 &
    set +f
}

# A component's main process once more, with its user, environment and directory; it ends because its port is taken.
second_start() {
    cat > /var/tmp/second.py <<'END'
import os, subprocess, sys

where = "/proc/" + sys.argv[1]
read = lambda name: open(where + "/" + name, "rb").read().split(b"\0")[:-1]
of = os.stat(where)
# Root of a container may not look into its process, and the same user may.
os.setgid(of.st_gid)
os.setuid(of.st_uid)
words = [word for word in read("cmdline") if not word.startswith(b"-Xlog")]
environment = dict(entry.split(b"=", 1) for entry in read("environ"))
copy = subprocess.Popen(words, env=environment, cwd=os.readlink(where + "/cwd"))
try:
    copy.wait(45)
except subprocess.TimeoutExpired:
    copy.terminate()
    copy.wait(45)
END
    python3 /var/tmp/second.py "$(pid "$1")"
}

# A session with a name, a status and so many eggs that are there, ten minutes old.
session_of() {
    columns=session_id,name,status,tag,total_proc_count,active_proc_count,created_at,updated_at
    began="UTC_TIMESTAMP() - INTERVAL 600 SECOND"
    sql "REPLACE INTO eggroll_meta.session_main ($columns) VALUES ('$1','$1','$2','',2,$3,$began,$began)"
}

# One job of FATE 1.11 that has been waiting for 20 minutes; another party schedules it, so flow leaves it alone.
old_queue() {
    # Flow lists no job without a tag, and its table has none by itself.
    columns=f_job_id,f_dsl,f_runtime_conf,f_runtime_conf_on_party,f_roles,f_initiator_role,f_initiator_party_id,f_status,f_user
    columns=$columns,f_role,f_party_id,f_is_initiator,f_ready_signal,f_cancel_signal,f_rerun_signal,f_cores,f_memory
    columns=$columns,f_remaining_cores,f_remaining_memory,f_resource_in_use,f_tag,f_create_time
    roles='{"guest": [10000], "host": [9999]}'
    values="'200000000000000000001','{}','{}','{}','$roles','guest','10000','waiting','{}'"
    values="$values,'host','$party',0,0,0,0,1,0,1,0,0,'',(UNIX_TIMESTAMP() - 1200) * 1000"
    sql "INSERT INTO fate_flow.t_job ($columns) VALUES ($values)"
}

# Two pushes that another party's rollsite answered with an error, as rollsite of EggRoll 2.5.3 writes them.
lost_pushes() {
    log=$base/logs/$label-$party-rollsite/eggroll/rollsite.jvm.err.log
    for number in 1 2; do
        {
            echo "[ERROR][4711][$(date '+%F %T'),000][grpc-$number,pid:1,tid:1][c.w.e.r.ForwardPushRespSO:530] - ForwardPushRespSO.onError calling. rsKey=null, rsHeader=null, metadata=null"
            printf 'io.grpc.StatusRuntimeException: UNKNOWN: \n[Roll Site Error TransInfo] \n location msg=UNKNOWN \n stack info=x \n'
            printf '\nexception trans path: 127.0.0.1(10000) --> 127.0.0.1(%s)\n' "$party"
        } >> "$log"
    done
}

# The same of EggRoll 2.0.2: the status of the next call, and what was sent.
broken_pushes() {
    log=$base/logs/$label-$party-rollsite/eggroll/rollsite.jvm.err.log
    status="Status{code=INTERNAL, description=HTTP/2 error code: INTERNAL_ERROR"
    sent='{"task":{"taskId":"__federation__#s#n#t#guest#9999#host#10000"},"dst":{"name":"n","partyId":"10000","role":"host"}}'
    for number in 1 2; do
        echo "[ERROR][4711][$(date '+%F %T'),000][grpc-$number,pid:1,tid:1][c.w.e.r.g.o.ServerPushRequestStreamObserver:315] - [PUSH][OBSERVER][ONERROR] error in push server: $status" >> "$log"
        echo "Received Rst Stream, cause=null}, metadata: $sent, ackCount: 1" >> "$log"
    done
}

# A pull that rollsite of EggRoll 2.0.2 has named each five minutes, for half an hour.
waiting_pull() {
    log=$base/logs/$label-$party-rollsite/eggroll/rollsite.jvm.log
    sent='{"task":{"taskId":"__federation__#s#n#t#guest#10000#host#9999"}}'
    counts="current latch count: -2147483648, put batch required: 0, put batch finished: 0"
    for minutes in 25 20 15 10 5 0; do
        at=$(date -d "$minutes minutes ago" '+%F %T')
        echo "[INFO ][4711][$at,000][grpc-1,pid:1,tid:1][c.w.e.r.g.s.DataTransferPipedServerImpl:313] - getStatus: job NOT finished: $sent. $counts" >> "$log"
    done
}

# So many pulls whose data never come: rollsite of EggRoll 2.0 keeps a thread for each for five minutes.
pulls() {
    cat > /var/tmp/pulls.py <<'END'
import grpc, sys

def number(value):
    octets = b""
    while True:
        octets, value = octets + bytes([value & 127 | (128 if value > 127 else 0)]), value >> 7
        if not value:
            return octets

def part(name, data):
    return number(name << 3 | 2) + number(len(data)) + data

def packet(tag):
    known = (b"s", b"n", tag, b"guest", b"10000", b"host", b"9999", b"object")
    session = b"".join(part(name, data) for name, data in enumerate(known, 1))
    task = part(1, b"fault") + part(2, part(1, session) + part(2, b"s"))
    topics = [part(1, b"fault") + part(2, party) + part(3, b"host") for party in (b"10000", b"9999")]
    return part(1, part(1, task) + part(2, topics[0]) + part(3, topics[1]) + part(5, b"getStatus"))

channel = grpc.insecure_channel(sys.argv[1])
path = "/com.webank.ai.eggroll.api.networking.proxy.DataTransferService/unaryCall"
call = channel.unary_unary(path, request_serializer=lambda data: data, response_deserializer=lambda data: data)
for future in [call.future(packet(b"%d" % one), timeout=900) for one in range(int(sys.argv[2]))]:
    future.code()
END
    where=$(address n1):9370
    systemd-run --quiet --collect --unit=pulls "$(home flow)/venv/bin/python" /var/tmp/pulls.py "$where" "$1"
    sleep 5
}
pulls_end() { systemctl stop pulls 2> /dev/null || true; }

# A component's process may have hardly more descriptors than it has.
few_descriptors() {
    restart "$1"
    sleep 40
    used=$(ls "/proc/$(pid "$1")/fd" | wc -l)
    override "$1" "LimitNOFILE=$((used + 5))"
}

# The node's own name leads to the other party's node; and to the node again.
other_own_name() {
    cp -p /etc/hosts /var/tmp/hosts
    kept=$(sed "s/^[0-9.]*\([[:space:]].*\b$(hostname)\b\)/$other\1/" /etc/hosts)
    echo "$kept" > /etc/hosts
}
own_name() { cat /var/tmp/hosts > /etc/hosts; }

# The sessions that flows of 1.4 made for themselves have another status, as if they had ended ten minutes ago.
flow_session() {
    sql "UPDATE eggroll_meta.session_main SET status = '$1', updated_at = UTC_TIMESTAMP() - INTERVAL 600 SECOND \
        WHERE session_id LIKE 'session\\_used\\_by\\_fate%' AND status = 'ACTIVE'"
}

# One job of FATE 1.4 that has been waiting for 20 minutes, and is in no queue.
older_queue() {
    columns=f_job_id,f_roles,f_work_mode,f_initiator_party_id,f_is_initiator,f_dsl,f_runtime_conf,f_run_ip,f_status
    columns=$columns,f_role,f_party_id,f_create_time
    roles='{"guest": [10000], "host": [9999]}'
    values="'200000000000000000001','$roles',1,'10000',0,'{}','{}','','waiting','host','$party',(UNIX_TIMESTAMP() - 1200) * 1000"
    sql "INSERT INTO fate_flow.t_job ($columns) VALUES ($values)"
}

# The newest job that this flow of 1.4 has scheduled runs again, and none of its tasks does, for 20 minutes.
forgotten_job() {
    newest="SELECT f_job_id FROM fate_flow.t_job WHERE f_is_initiator = 1 ORDER BY f_create_time DESC LIMIT 1"
    job=$(sql "$newest" | tail -1)
    ago="f_update_time = f_update_time - 1200000"
    sql "UPDATE fate_flow.t_task SET $ago WHERE f_job_id = '$job'"
    sql "UPDATE fate_flow.t_job SET $ago, f_status = 'running', f_end_time = NULL WHERE f_job_id = '$job' AND f_is_initiator = 1"
}

# Rollsite cannot connect to the other party's for two minutes, while it is asked to: then it waits for a minute or more
# before it tries again, although nothing is in its way.
stale_connection() {
    rule="OUTPUT -p tcp -d $other --dport 9370 -m owner --uid-owner $(user rollsite) -j REJECT --reject-with tcp-reset"
    # shellcheck disable=SC2086 # its words are what is wanted
    iptables -I $rule
    commands_for 10000 100 5
    sleep 118
    # shellcheck disable=SC2086
    iptables -D $rule
}

# Commands that are too large for the direct memory that OSX or rollsite has.
large_commands() { commands_for 9999 20000000 30; }

# Six commands for a party's flow, of so many bytes, with so many seconds; flow's environment has a client.
commands_for() {
    cat > /var/tmp/large.py <<'END'
import grpc, sys

def number(value):
    octets = b""
    while True:
        octets, value = octets + bytes([value & 127 | (128 if value > 127 else 0)]), value >> 7
        if not value:
            return octets

def part(name, data):
    return number(name << 3 | 2) + number(len(data)) + data

channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.max_send_message_length", -1)])
party, size, seconds = sys.argv[2].encode(), int(sys.argv[3]), int(sys.argv[4])
topic = part(1, b"fault") + part(2, party) + part(3, b"fateflow")
head = part(2, topic) + part(3, topic) + part(4, part(1, b"/x")) + part(5, b"POST")
packet = part(1, head) + part(2, part(1, b"k") + part(2, b"x" * size))
path = "/com.webank.ai.eggroll.api.networking.proxy.DataTransferService/unaryCall"
call = channel.unary_unary(path, request_serializer=lambda data: data, response_deserializer=lambda data: data)
for future in [call.future(packet, timeout=seconds) for _ in range(6)]:
    future.code()
END
    "$(home flow)/venv/bin/python" /var/tmp/large.py "$(address n1):9370" "$1" "$2" "$3"
}

# The sample model as this party has it: `load` or `unload`; see `serving_site.py`, which puts the script there.
model() {
    case $party in guest) role=guest ;; *) role=host ;; esac
    case $1 in load) where=$base/data/$label-$party-serving-server ;; *) where= ;; esac
    # shellcheck disable=SC2086 # without a word for what is not there
    as serving-server python3 -IS /opt/model.py "$1" 127.0.0.1 8000 $where $role 9999 10000
}
model_file() { echo "$base/data/$label-$party-serving-server/.fate/"model_*_cache; }

# The running Redis of Serving has another password than its file.
redis_password() {
    port=$(sed -n 's/^port //p' "$(conf redis)/redis.conf")
    export REDISCLI_AUTH
    REDISCLI_AUTH=$(sed -n 's/^requirepass "\(.*\)"$/\1/p' "$(conf redis)/redis.conf")
    redis-cli -h "$(sed -n 's/^bind //p' "$(conf redis)/redis.conf" | cut -d' ' -f1)" -p "$port" config set requirepass "$1"
}

# The node's own name resolves to another address; and as before. A container's file is a mount, so it is written in place.
own_name_is() {
    cp /etc/hosts /var/tmp/hosts
    sed "s/^[0-9.]*\(.*[[:blank:]]$(hostname)\)$/$1\1/" /var/tmp/hosts > /etc/hosts
    ! cmp -s /etc/hosts /var/tmp/hosts
}
own_name_was() { cat /var/tmp/hosts > /etc/hosts; rm /var/tmp/hosts; }

# An entry of a server that is nowhere, in ZooKeeper, as the server of this node registers; `create` or `delete`.
registry_entry() {
    python3 - "$1" "$(conf serving-server)/serving-server.properties" <<'END'
import struct, sys, urllib.parse
sys.path.insert(0, "/opt/asking.zip")
import zoo
from fatecloud.probing.properties import settings

own = settings(sys.argv[2])
host, _, port = own["zk.url"].partition(",")[0].rpartition(":")
session = zoo.Session(host, int(port))
session.login(own["acl.username"], own["acl.password"])
url = "grpc://10.99.0.9:8000/serving/online/publishLoad?router_mode=ALL_ALLOWED&timestamp=1&version=216"
path = zoo.text("/FATE-SERVICES/serving/online/publishLoad/providers/" + urllib.parse.quote(url, safe=""))
anyone = struct.pack(">ii", 1, 31) + zoo.text("world") + zoo.text("anyone")
if sys.argv[1] == "create":
    session._ask(1, path + struct.pack(">i", 0) + anyone + struct.pack(">i", 0))
else:
    session._ask(2, path + struct.pack(">i", -1))
session.close()
END
}

# Entries of this node's server in ZooKeeper go, while it runs: those of a service.
unregister() {
    python3 - "$1" "$(conf serving-server)/serving-server.properties" "$own" <<'END'
import struct, sys, urllib.parse
sys.path.insert(0, "/opt/asking.zip")
import zoo
from fatecloud.probing.properties import settings

service, conf, address = sys.argv[1:]
own = settings(conf)
host, _, port = own["zk.url"].partition(",")[0].rpartition(":")
session = zoo.Session(host, int(port))
session.login(own["acl.username"], own["acl.password"])
place = "/FATE-SERVICES/" + service + "/providers"
mine = [name for name in session.children(place) if "//" + address + ":" in urllib.parse.unquote(name)]
assert mine, session.children(place)
for name in mine:
    session._ask(2, zoo.text(place + "/" + name) + struct.pack(">i", -1))
session.close()
END
}

# A service of Serving is started while ZooKeeper is away, and ZooKeeper comes back once its port is open.
without_registry() {
    systemctl stop "$(unit zookeeper)"
    systemctl kill -s KILL "$(unit "$1")"
    for second in $(seq 150); do
        sleep 1
        [ "$second" -lt 20 ] || ! ss -ltn | grep -q ":$2 " || break
    done
    sleep 20
    systemctl start "$(unit zookeeper)"
}

# The sample's service id is bound (`publishBind`) or unbound (`unbind`) in the server at an address.
bound() {
    python3 - "$1" "$2" <<'END'
import sys
sys.path.insert(0, "/opt/asking.zip")
from fatecloud.components.serving_server import sample, trial_model
from fatecloud.probing.grpc.wire import field

what, host = sys.argv[1:]
name = sample.namespace("guest", "9999", "9999", "10000")
message = trial_model.request("guest", "9999", "9999", "10000", "")
message = message if what == "publishBind" else field(1, sample.SERVICE) + field(2, sample.VERSION) + field(3, name)
answer = trial_model._call(what, message, host, 8000)
assert answer["ok"], answer
END
}
model_record() { echo "$base/data/$label-$party-serving-server/.fate/loadModelStore.cache"; }

# The server of this node leaves its work to the others, as before a restart; see `serving_site.py` for the script.
leave() {
    as serving-server python3 -IS /opt/leaving.py leave "$(conf serving-server)/serving-server.properties" \
        "$own:8000" 127.0.0.1:8000 "$base/data/$label-$party-serving-server" "$(address n1):2181"
}

# So many requests to score a second are let in by the server of this node.
limit() {
    python3 - "$1" <<'END'
import struct, sys
sys.path.insert(0, "/opt/asking.zip")
from fatecloud.probing.grpc.asking import asked
from fatecloud.probing.grpc.wire import field

message = field(1, "I_singleInference") + bytes([17]) + struct.pack("<d", float(sys.argv[1]))
answer, _ = asked("127.0.0.1", 8000, "/com.webank.ai.fate.api.networking.common.CommonService/updateFlowRule", message, timeout=20)
assert answer["ok"], answer
END
}
