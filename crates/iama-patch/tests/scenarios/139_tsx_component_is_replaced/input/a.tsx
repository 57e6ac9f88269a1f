import React from 'react';

export function A(props: P) {
  return <p>{props.x}</p>;
}
