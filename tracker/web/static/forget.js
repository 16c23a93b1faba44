// Who is not signed in leaves no pages of the round on the phone. What waits to be sent stays.
"use strict";

if ("caches" in window) caches.delete("round-pages");
