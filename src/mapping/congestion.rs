//! Messages on a mesh whose links can be full.

use super::{ChipLink, Mesh};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// Links of a mesh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Links {
    /// Time of a hop in x [s].
    pub hop_x_s: f64,
    /// Time of a hop in y [s].
    pub hop_y_s: f64,
    /// Messages that a link holds before its sender has to wait.
    pub buffer: u32,
}

/// A message from one core to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Message {
    /// The receiver; `None` for work that sends nothing.
    pub to: Option<usize>,
    /// Time from the message before to this one [s].
    pub generation_s: f64,
    /// Time that the receiver needs [s].
    pub processing_s: f64,
}

/// Time from the start of a timestep to its last event [s].
///
/// Messages are taken in the order in which they are sent. A message with `h` hops that meets
/// `along` messages on its route, summed over its links, of which each holds `buffer`:
///
/// ```text
/// if along > (h + 1) · buffer:  sent += (along − (h + 1) · buffer) · mean
/// received = max( core is free, sent + max( time of the hops, along · mean / (h + 1) ) )
/// core is free = received + processing
/// ```
///
/// A link from one chip to the next carries one message at a time, each for `chip_link_s`, in the
/// order in which they are sent; a message is not received before it has left the last such link on
/// its route and made its hops within the chips. A hop across a border takes `chip_link_s`.
///
/// `mean` is the mean processing time of the messages in flight; each counts `1 / (h + 2)` on each
/// of its `h + 1` links until it is received.
pub(super) fn event_driven(
    queues: &[Vec<Message>],
    arrived_s: &[f64],
    mesh: Mesh,
    links: &Links,
    chip_link_s: f64,
) -> f64 {
    let mut network = Network::new(queues.len(), mesh, links, chip_link_s);
    let mut free_s = arrived_s.to_vec();
    let mut last_s = arrived_s.iter().copied().fold(0.0, f64::max);
    let mut sent_of = vec![0; queues.len()];
    let mut next: BinaryHeap<Reverse<(Time, usize)>> = queues
        .iter()
        .enumerate()
        .filter_map(|(core, queue)| Some(Reverse((Time(queue.first()?.generation_s), core))))
        .collect();
    while let Some(Reverse((Time(mut sent_s), core))) = next.pop() {
        let message = queues[core][sent_of[core]];
        sent_of[core] += 1;
        last_s = last_s.max(sent_s);
        network.receive_until(sent_s);
        if let Some(to) = message.to {
            let received_s = network.send(core, to, message.processing_s, free_s[to], &mut sent_s);
            free_s[to] = received_s + message.processing_s;
            last_s = last_s.max(free_s[to]);
        }
        if let Some(following) = queues[core].get(sent_of[core]) {
            next.push(Reverse((Time(sent_s + following.generation_s), core)));
        }
    }
    last_s
}

/// What is on its way.
struct Network<'a> {
    mesh: Mesh,
    links: &'a Links,
    /// Messages on each link: each tile has one in from every direction and one for each core.
    density: Vec<f64>,
    /// By time of arrival.
    in_flight: BinaryHeap<Reverse<(Time, usize)>>,
    /// Sender, receiver and processing time [s] of all messages so far.
    messages: Vec<(usize, usize, f64)>,
    mean_s: f64,
    chip_link_s: f64,
    /// When each link between chips is free [s].
    chip_link_free_s: BTreeMap<ChipLink, f64>,
}

impl<'a> Network<'a> {
    fn new(cores: usize, mesh: Mesh, links: &'a Links, chip_link_s: f64) -> Self {
        // A route stays within the columns up to that of the last tile.
        let tiles = mesh.tile(cores.max(1) - 1) / mesh.height * mesh.height + mesh.height;
        Network {
            mesh,
            links,
            density: vec![0.0; tiles * (4 + mesh.cores_per_tile)],
            in_flight: BinaryHeap::new(),
            messages: Vec::new(),
            mean_s: 0.0,
            chip_link_s,
            chip_link_free_s: BTreeMap::new(),
        }
    }

    /// Takes messages off the mesh that have arrived.
    fn receive_until(&mut self, now_s: f64) {
        while let Some(&Reverse((Time(received_s), index))) = self.in_flight.peek() {
            if received_s > now_s {
                break;
            }
            let others = self.in_flight.len() as f64 - 1.0;
            self.in_flight.pop();
            let (from, to, processing_s) = self.messages[index];
            self.load(from, to, -1.0);
            self.mean_s = if others > 0.0 {
                self.mean_s + (self.mean_s - processing_s) / others
            } else {
                0.0
            };
        }
    }

    /// Puts a message on the mesh and returns when it is received; `sent_s` grows by the time that
    /// it is blocked.
    fn send(
        &mut self,
        from: usize,
        to: usize,
        processing_s: f64,
        free_s: f64,
        sent_s: &mut f64,
    ) -> f64 {
        let (hops_x, hops_y) = self.mesh.hops(from, to);
        let on_route = (hops_x + hops_y + 1) as f64;
        let along = self.along(from, to);
        let room = on_route * f64::from(self.links.buffer);
        if along > room {
            *sent_s += (along - room) * self.mean_s;
        }
        let mut borders = 0;
        let mut through_s = *sent_s;
        for link in self.mesh.chip_links(from, to) {
            let link_free_s = self.chip_link_free_s.entry(link).or_insert(0.0);
            through_s = through_s.max(*link_free_s) + self.chip_link_s;
            *link_free_s = through_s;
            borders += 1;
        }
        let within_s =
            (hops_x - borders) as f64 * self.links.hop_x_s + hops_y as f64 * self.links.hop_y_s;
        let hops_s = within_s + borders as f64 * self.chip_link_s;
        let network_s = hops_s.max(along * self.mean_s / on_route);
        let received_s = free_s.max(*sent_s + network_s).max(through_s + within_s);
        self.load(from, to, 1.0);
        self.mean_s += (processing_s - self.mean_s) / (self.in_flight.len() as f64 + 1.0);
        let index = self.messages.len();
        self.messages.push((from, to, processing_s));
        self.in_flight.push(Reverse((Time(received_s), index)));
        received_s
    }

    /// Messages on the route between two cores, summed over its links.
    fn along(&self, from: usize, to: usize) -> f64 {
        let mut along = 0.0;
        self.each_link(from, to, |link| along += self.density[link]);
        along
    }

    fn load(&mut self, from: usize, to: usize, messages: f64) {
        let (hops_x, hops_y) = self.mesh.hops(from, to);
        let each = messages / (hops_x + hops_y + 2) as f64;
        let mut density = std::mem::take(&mut self.density);
        self.each_link(from, to, |link| density[link] += each);
        self.density = density;
    }

    /// The links of an x-then-y route: out of the core, then into each tile.
    fn each_link(&self, from: usize, to: usize, mut f: impl FnMut(usize)) {
        let ports = 4 + self.mesh.cores_per_tile;
        let link = |(x, y): (usize, usize), port: usize| (x * self.mesh.height + y) * ports + port;
        let (mut x, mut y) = self.mesh.at(self.mesh.tile(from));
        let (to_x, to_y) = self.mesh.at(self.mesh.tile(to));
        f(link((x, y), 4 + from % self.mesh.cores_per_tile));
        while x != to_x {
            let east = x < to_x;
            x = if east { x + 1 } else { x - 1 };
            f(link((x, y), usize::from(east)));
        }
        while y != to_y {
            let north = y < to_y;
            y = if north { y + 1 } else { y - 1 };
            f(link((x, y), 2 + usize::from(north)));
        }
    }
}

/// A time [s] that sorts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Time(f64);

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESH: Mesh = Mesh {
        cores_per_tile: 2,
        width: 3,
        height: 2,
    };

    const LINKS: Links = Links {
        hop_x_s: 3.0,
        hop_y_s: 5.0,
        buffer: 1,
    };

    fn message(to: usize, generation_s: f64, processing_s: f64) -> Message {
        Message {
            to: Some(to),
            generation_s,
            processing_s,
        }
    }

    #[test]
    fn worked_single_message() {
        // Core 0 on (0, 0) to core 11 on (2, 1): 10 to generate, 2·3 + 5 on the way, 7 to process.
        let mut queues = vec![Vec::new(); 12];
        queues[0] = vec![message(11, 10.0, 7.0)];
        assert_eq!(event_driven(&queues, &[0.0; 12], MESH, &LINKS, 0.0), 28.0);
        // Work that sends nothing may be the last; a core busy with the host receives later.
        queues[0].push(Message {
            to: None,
            generation_s: 40.0,
            processing_s: 0.0,
        });
        assert_eq!(event_driven(&queues, &[0.0; 12], MESH, &LINKS, 0.0), 50.0);
        let mut arrived = [0.0; 12];
        arrived[11] = 60.0;
        assert_eq!(event_driven(&queues, &arrived, MESH, &LINKS, 0.0), 67.0);
    }

    #[test]
    fn worked_blocked_message() {
        // Within tile 0 nothing hops. Messages sent at 1, 2, 3, 4, each 100 to process.
        // 1: nothing on the way; received at 1, done at 101.
        // 2: the first is received; the core is free at 101, done at 201.
        // 3: 1/2 on the link, network time 0.5·100; done at 301.
        // 4: 1 on the link, which is no more than it holds; done at 401.
        let mut queues = vec![Vec::new(); 2];
        queues[0] = vec![message(1, 1.0, 100.0); 4];
        assert_eq!(event_driven(&queues, &[0.0; 2], MESH, &LINKS, 0.0), 401.0);
        // Two more: 1.5 on the link blocks the fifth for 0.5·100, until 55; 2 on the link block the
        // sixth, ready at 56, for 100. The work behind it ends at 156 + 900.
        queues[0] = vec![message(1, 1.0, 100.0); 6];
        queues[0].push(Message {
            to: None,
            generation_s: 900.0,
            processing_s: 0.0,
        });
        assert_eq!(event_driven(&queues, &[0.0; 2], MESH, &LINKS, 0.0), 1056.0);
    }

    #[test]
    fn worked_messages_queue_for_a_link_between_chips() {
        // Core 0 on (0, 0) of the first chip, cores 12 and 13 on (3, 0) of the second: two links
        // of 3 within the first chip, then one of 50 to the next. Both are sent at 10.
        let mut queues = vec![Vec::new(); 14];
        queues[0] = vec![message(12, 10.0, 7.0)];
        assert_eq!(
            event_driven(&queues, &[0.0; 14], MESH, &LINKS, 50.0),
            10.0 + 56.0 + 7.0
        );
        // A message of core 1 to another core waits for the link until 60, then takes as long.
        queues[1] = vec![message(13, 10.0, 7.0)];
        assert_eq!(
            event_driven(&queues, &[0.0; 14], MESH, &LINKS, 50.0),
            10.0 + 106.0 + 7.0
        );
        // Links in two directions do not wait for each other.
        queues[1].clear();
        queues[13] = vec![message(1, 10.0, 7.0)];
        assert_eq!(
            event_driven(&queues, &[0.0; 14], MESH, &LINKS, 50.0),
            10.0 + 56.0 + 7.0
        );
    }

    #[test]
    fn routes_have_a_link_more_than_hops() {
        let links = &LINKS;
        let network = Network::new(12, MESH, links, 0.0);
        for from in 0..12 {
            for to in 0..12 {
                let mut seen = Vec::new();
                network.each_link(from, to, |link| seen.push(link));
                let (x, y) = MESH.hops(from, to);
                assert_eq!(seen.len() as u64, x + y + 1);
                seen.sort_unstable();
                seen.dedup();
                assert_eq!(seen.len() as u64, x + y + 1, "no link twice");
            }
        }
    }
}
