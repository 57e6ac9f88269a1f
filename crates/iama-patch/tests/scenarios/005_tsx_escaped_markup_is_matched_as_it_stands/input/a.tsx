export const A = () => <p title="a &amp; b">1 &lt; 2 {"<b>"}</p>;
